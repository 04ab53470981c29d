using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Parameter tensors that are queued for one multi-threaded pass over memory.</summary>
/// <remarks>
/// Tensors are cut into chunks that the cores take in turn. A rule with two tensors of state reads four arrays and writes three, so a step
/// runs at the speed of memory where the parameters do not fit the caches. The class knows the rule alone, a value type, so that the loop
/// is compiled for each rule with nothing left to look up.
/// </remarks>
internal abstract unsafe class FusedLoop<TRule> where TRule : struct, IOptimizerRule
{
    /// <summary>Elements of a chunk: 256 KiB of each array, enough that handing out chunks costs nothing.</summary>
    private protected const int ChunkLength = 1 << 16;

    private readonly List<Chunk> chunks = [];
    private readonly List<Entry> entries = [];
    private long elements;

    private protected ReadOnlySpan<Chunk> Chunks => CollectionsMarshal.AsSpan(chunks);

    private protected ReadOnlySpan<Entry> Entries => CollectionsMarshal.AsSpan(entries);

    /// <summary>Queues a parameter for <see cref="Run"/>, unless it, its gradient or its state is not contiguous float32 on the CPU, or the
    /// gradient is of another size.</summary>
    /// <remarks>The queue holds addresses only: the parameter owns its gradient, the optimizer the state, and both outlive the
    /// step.</remarks>
    public bool TryAdd(TRule rule, Tensor gradient, ParameterState state)
    {
        if (!state.IsLocated || !gradient.IsSpannable() || gradient.numel() != state.Length) return false;
        foreach (var (start, length) in Cut(state)) chunks.Add(new(entries.Count, start, length));
        entries.Add(new(rule, state, gradient.Address()));
        elements += state.Length;
        return true;
    }

    /// <summary>Updates all that is queued.</summary>
    public abstract void Run();

    /// <summary>Forgets what is queued.</summary>
    public virtual void Clear()
    {
        chunks.Clear();
        entries.Clear();
        elements = 0;
    }

    /// <summary>The parts of a tensor that are one chunk each.</summary>
    private protected virtual IEnumerable<(int Start, int Length)> Cut(ParameterState state) => Cut(0, state.Length, ChunkLength);

    private protected static IEnumerable<(int Start, int Length)> Cut(int start, int length, int step)
    {
        for (var end = start + length; start < end; start += step) yield return (start, Math.Min(step, end - start));
    }

    private protected void ForEach(int count, Action<int> action) => Cores.ForEach(count, elements, action);

    private protected static void Update<TUpdate>(TUpdate update, in Entry entry, int start, int length) where TUpdate : struct, IVectorUpdate
    {
        float* p = entry.Parameter + start, g = entry.Gradient + start, a = entry.First + start, b = entry.Second + start, c = entry.Third + start;
        var whole = length - length % FloatElements.Count;
        for (var i = 0; i < whole; i += FloatElements.Count) UpdateVector(ref update, p + i, g + i, a + i, b + i, c + i);
        if (whole == length) return;

        // The last elements go through padded copies, so that a rule is written over vectors alone.
        var tail = new Tail(stackalloc float[Tail.Length], length - whole);
        UpdateVector(ref update, tail.Read(p + whole), tail.Read(g + whole), tail.Read(a + whole), tail.Read(b + whole), tail.Read(c + whole));
        tail.Write(0, p + whole);
        if (TRule.StateCount > 0) tail.Write(2, a + whole);
        if (TRule.StateCount > 1) tail.Write(3, b + whole);
        if (TRule.StateCount > 2) tail.Write(4, c + whole);
    }

    [MethodImpl(FloatElements.Inline)]
    private static void UpdateVector<TUpdate>(ref TUpdate update, float* parameter, float* gradient, float* first, float* second, float* third)
        where TUpdate : struct, IVectorUpdate
    {
        var p = FloatElements.Load(parameter);
        var a = TRule.StateCount > 0 ? FloatElements.Load(first) : default;
        var b = TRule.StateCount > 1 ? FloatElements.Load(second) : default;
        var c = TRule.StateCount > 2 ? FloatElements.Load(third) : default;
        update.Update(ref p, FloatElements.Load(gradient), ref a, ref b, ref c);
        p.Store(parameter);
        if (TRule.StateCount > 0) a.Store(first);
        if (TRule.StateCount > 1) b.Store(second);
        if (TRule.StateCount > 2) c.Store(third);
    }

    /// <summary>A rule on a vector of elements.</summary>
    private protected interface IVectorUpdate
    {
        void Update(ref FloatElements parameter, FloatElements gradient, ref FloatElements first, ref FloatElements second, ref FloatElements third);
    }

    /// <summary>A tensor that is queued.</summary>
    private protected readonly struct Entry(TRule rule, ParameterState state, float* gradient)
    {
        public readonly TRule Rule = rule;
        public readonly ParameterState State = state;
        public readonly float* Parameter = state.Address, Gradient = gradient;
        public readonly float* First = state.StateAddress(0), Second = state.StateAddress(1), Third = state.StateAddress(2);
    }

    /// <summary>A part of a tensor that is queued.</summary>
    private protected readonly record struct Chunk(int Entry, int Start, int Length);

    /// <summary>Copies of the last elements of five arrays, which do not fill a vector, padded by zeros.</summary>
    private protected ref struct Tail(Span<float> buffer, int count)
    {
        private readonly Span<float> buffer = buffer;
        private int used;

        public static int Length => 5 * FloatElements.Count;

        public float* Read(float* source)
        {
            var copy = buffer.Slice(used, FloatElements.Count);
            used += FloatElements.Count;
            copy.Clear();
            new ReadOnlySpan<float>(source, count).CopyTo(copy);
            return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(copy)); // The buffer is on the stack.
        }

        public readonly void Write(int copy, float* target)
            => buffer.Slice(copy * FloatElements.Count, count).CopyTo(new Span<float>(target, count));
    }
}

/// <summary>Work on parts of arrays, which the cores take in turn.</summary>
internal static class Cores
{
    /// <summary>Fewer elements than this are done before another core wakes up.</summary>
    private const long Threshold = 1 << 18;

    /// <summary>Runs an action for each number below a count, on several cores where there are many elements in all.</summary>
    public static void ForEach(int count, long elements, Action<int> action)
    {
        var threads = elements < Threshold ? 1 : get_num_threads();
        if (threads == 1)
            for (var i = 0; i < count; i++) action(i);
        else
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, action);
    }
}

/// <summary>Updates all elements in one pass over memory.</summary>
internal sealed class ElementwiseLoop<TRule> : FusedLoop<TRule> where TRule : struct, IUpdateRule
{
    public override void Run() => ForEach(Chunks.Length, index =>
    {
        ref readonly var chunk = ref Chunks[index];
        ref readonly var entry = ref Entries[chunk.Entry];
        Update(new VectorUpdate(entry.Rule), entry, chunk.Start, chunk.Length);
    });

    private struct VectorUpdate(TRule rule) : IVectorUpdate
    {
        private TRule rule = rule; // Not readonly: the compiler would copy it for every call.

        [MethodImpl(FloatElements.Inline)]
        public void Update(
            ref FloatElements parameter, FloatElements gradient, ref FloatElements first, ref FloatElements second, ref FloatElements third)
            => rule.Update(ref parameter, gradient, ref first, ref second, ref third);
    }
}
