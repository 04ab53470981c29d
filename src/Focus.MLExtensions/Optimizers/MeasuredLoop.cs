using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Updates all elements in two passes over memory: one for the sums over blocks, one for the updates.</summary>
/// <remarks>The parts of a sum do not depend on the number of threads, so neither does the sum.</remarks>
internal sealed unsafe class MeasuredLoop<TRule> : FusedLoop<TRule> where TRule : struct, IMeasuredRule
{
    /// <summary>Elements that are summed in float32 before the sum goes on in float64.</summary>
    private const int SummedInSingle = 1 << 12;

    /// <summary>Where the sums of each chunk begin, where those of each tensor begin, and where the factors of each tensor begin.</summary>
    private readonly List<int> chunkSums = [], tensorSums = [], tensorFactors = [];

    /// <summary>The sums and factors of a step. They stay for the next one, as new arrays of this size would cost more than the sums.</summary>
    private double[] sums = [], factors = [];

    public override void Run()
    {
        Reserve();
        ForEach(Chunks.Length, Measure);
        ForEach(Entries.Length, Decide);
        ForEach(Chunks.Length, Update);
    }

    public override void Clear()
    {
        base.Clear();
        chunkSums.Clear();
        tensorSums.Clear();
        tensorFactors.Clear();
    }

    private void Reserve()
    {
        var (sumCount, factorCount) = (0, 0);
        foreach (ref readonly var chunk in Chunks)
        {
            if (chunk.Start == 0) tensorSums.Add(sumCount);
            chunkSums.Add(sumCount);
            sumCount += BlocksIn(chunk) * TRule.SumCount;
        }
        foreach (ref readonly var entry in Entries)
        {
            tensorFactors.Add(factorCount);
            factorCount += (int)entry.State.BlockCount * BlockDecision.FactorCount;
        }
        if (sums.Length < sumCount) sums = new double[sumCount];
        if (factors.Length < factorCount) factors = new double[factorCount];
    }

    /// <summary>A chunk holds whole blocks, or lies in one.</summary>
    private protected override IEnumerable<(int Start, int Length)> Cut(ParameterState state)
        => BlockLength(state) is var block && block <= ChunkLength
            ? Cut(0, state.Length, ChunkLength - ChunkLength % block)
            : Cut(0, state.Length, block).SelectMany(part => Cut(part.Start, part.Length, ChunkLength));

    private static int BlockLength(ParameterState state) => (int)state.BlockLength; // At most the length of a span.

    private int BlocksIn(in Chunk chunk) => Math.Max(1, chunk.Length / BlockLength(Entries[chunk.Entry].State));

    private void Measure(int index)
    {
        ref readonly var chunk = ref Chunks[index];
        ref readonly var entry = ref Entries[chunk.Entry];
        var blocks = BlocksIn(chunk);
        var all = sums.AsSpan(chunkSums[index], blocks * TRule.SumCount);
        all.Clear();
        if (!entry.Rule.NeedsSums) return;
        var length = Math.Min(chunk.Length, BlockLength(entry.State));
        for (var block = 0; block < blocks; block++)
        {
            var own = all.Slice(block * TRule.SumCount, TRule.SumCount);
            var end = chunk.Start + (block + 1) * length;
            for (var start = end - length; start < end; start += SummedInSingle) Measure(entry, start, Math.Min(SummedInSingle, end - start), own);
        }
    }

    private static void Measure(in Entry entry, int start, int length, Span<double> sums)
    {
        var rule = entry.Rule;
        float* p = entry.Parameter + start, g = entry.Gradient + start, a = entry.First + start, b = entry.Second + start, c = entry.Third + start;
        var parts = new BlockSums<FloatElements>();
        var whole = length - length % FloatElements.Count;
        for (var i = 0; i < whole; i += FloatElements.Count) MeasureVector(ref rule, p + i, g + i, a + i, b + i, c + i, ref parts);
        if (whole < length)
        {
            var tail = new Tail(stackalloc float[Tail.Length], length - whole);
            MeasureVector(
                ref rule, tail.Read(p + whole), tail.Read(g + whole), tail.Read(a + whole), tail.Read(b + whole), tail.Read(c + whole), ref parts);
        }
        sums[0] += parts.A.Sum();
        if (TRule.SumCount > 1) sums[1] += parts.B.Sum();
        if (TRule.SumCount > 2) sums[2] += parts.C.Sum();
        if (TRule.SumCount > 3) sums[3] += parts.D.Sum();
    }

    [MethodImpl(FloatElements.Inline)]
    private static void MeasureVector(
        ref TRule rule, float* parameter, float* gradient, float* first, float* second, float* third, ref BlockSums<FloatElements> sums)
        => rule.Measure(
            Load(parameter, MeasuredArrays.Parameter), Load(gradient, MeasuredArrays.Gradient), Load(first, MeasuredArrays.First),
            Load(second, MeasuredArrays.Second), Load(third, MeasuredArrays.Third), ref sums);

    [MethodImpl(FloatElements.Inline)]
    private static FloatElements Load(float* source, MeasuredArrays array) => (TRule.Measured & array) != 0 ? FloatElements.Load(source) : default;

    /// <summary>Adds up the parts of a tensor's sums, in order, and has its rule decide.</summary>
    private void Decide(int index)
    {
        ref readonly var entry = ref Entries[index];
        var (count, block) = ((int)entry.State.BlockCount, BlockLength(entry.State));
        var parts = (block + ChunkLength - 1) / ChunkLength;
        var own = sums.AsSpan(tensorSums[index], count * parts * TRule.SumCount);
        if (parts > 1) AddParts(own, parts);
        entry.Rule.Decide(new(
            own[..(count * TRule.SumCount)], TRule.SumCount, factors.AsSpan(tensorFactors[index], count * BlockDecision.FactorCount),
            entry.State.BlockMemory, block));
    }

    /// <summary>Adds up the consecutive parts of each block, and puts the results at the beginning.</summary>
    private static void AddParts(Span<double> sums, int parts)
    {
        for (var block = 0; block * parts * TRule.SumCount < sums.Length; block++)
            for (var sum = 0; sum < TRule.SumCount; sum++)
            {
                var total = 0.0;
                for (var part = 0; part < parts; part++) total += sums[(block * parts + part) * TRule.SumCount + sum];
                sums[block * TRule.SumCount + sum] = total;
            }
    }

    private void Update(int index)
    {
        ref readonly var chunk = ref Chunks[index];
        ref readonly var entry = ref Entries[chunk.Entry];
        var length = Math.Min(chunk.Length, BlockLength(entry.State));
        var first = chunk.Start / BlockLength(entry.State);
        for (var block = 0; block < BlocksIn(chunk); block++)
        {
            var own = factors.AsSpan(tensorFactors[chunk.Entry] + (first + block) * BlockDecision.FactorCount);
            Update(new VectorUpdate(entry.Rule, own[0], own[1]), entry, chunk.Start + block * length, length);
        }
    }

    private struct VectorUpdate(TRule rule, double factor, double otherFactor) : IVectorUpdate
    {
        private TRule rule = rule; // Not readonly: the compiler would copy it for every call.
        private readonly FloatElements factor = FloatElements.Of(factor), otherFactor = FloatElements.Of(otherFactor);

        [MethodImpl(FloatElements.Inline)]
        public void Update(
            ref FloatElements parameter, FloatElements gradient, ref FloatElements first, ref FloatElements second, ref FloatElements third)
            => rule.Update(ref parameter, gradient, ref first, ref second, ref third, factor, otherFactor);
    }
}
