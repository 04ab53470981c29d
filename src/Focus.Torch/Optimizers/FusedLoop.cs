using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Applies update rules to many parameter tensors in one multi-threaded pass over memory.</summary>
/// <remarks>
/// Tensors are cut into chunks that the cores take in turn. A step of a rule with two state tensors reads four arrays and writes three,
/// so it runs at the speed of memory where the parameters do not fit the caches. The class knows the rule alone, a value type, so that the
/// loop is compiled for each rule with nothing left to look up.
/// </remarks>
internal sealed unsafe class FusedLoop<TRule> where TRule : struct, IUpdateRule
{
    /// <summary>Elements per chunk: 256 KiB per array, enough that handing out chunks costs nothing.</summary>
    private const int ChunkLength = 1 << 16;

    /// <summary>Fewer elements than this are done before another core wakes up.</summary>
    private const long ParallelThreshold = 4 * ChunkLength;

    private readonly List<Chunk> chunks = [];
    private long elements;

    /// <summary>Queues a tensor for <see cref="Run"/>, unless it, its gradient or its state is not contiguous float32 on the CPU, or the
    /// gradient is of another size.</summary>
    /// <remarks>The queue holds addresses only: the parameter owns its gradient, the optimizer the state, and both outlive the
    /// step.</remarks>
    public bool TryAdd(TRule rule, Tensor parameter, Tensor gradient, Tensor first, Tensor second)
    {
        if (!parameter.IsSpannable() || !gradient.IsSpannable() || !first.IsSpannable() || !second.IsSpannable()) return false;
        var length = (int)parameter.numel();
        if (gradient.numel() != length) return false;
        float* p = parameter.Address(), g = gradient.Address(), s = first.Address(), t = second.Address();
        for (var start = 0; start < length; start += ChunkLength)
            chunks.Add(new Chunk(rule, p + start, g + start, s + start, t + start, Math.Min(ChunkLength, length - start)));
        elements += length;
        return true;
    }

    /// <summary>Updates everything queued.</summary>
    public void Run()
    {
        var threads = elements < ParallelThreshold ? 1 : get_num_threads();
        if (threads == 1)
            foreach (ref readonly var chunk in CollectionsMarshal.AsSpan(chunks)) chunk.Update();
        else
            Parallel.For(0, chunks.Count, new ParallelOptions { MaxDegreeOfParallelism = threads }, i => CollectionsMarshal.AsSpan(chunks)[i].Update());
    }

    /// <summary>Empties the queue.</summary>
    public void Clear()
    {
        chunks.Clear();
        elements = 0;
    }

    private readonly struct Chunk(TRule rule, float* parameter, float* gradient, float* first, float* second, int length)
    {
        private readonly TRule rule = rule;

        public void Update()
        {
            var rule = this.rule;
            var whole = length - length % Vector<float>.Count;
            for (var i = 0; i < whole; i += Vector<float>.Count)
                UpdateVector(rule, parameter + i, gradient + i, first + i, second + i);
            if (whole < length) UpdateTail(rule, whole, length - whole);
        }

        /// <summary>The last elements, through padded copies, so that the rule is written over vectors alone.</summary>
        private void UpdateTail(TRule rule, int start, int count)
        {
            var width = Vector<float>.Count;
            var buffer = stackalloc float[4 * width];
            float* p = buffer, g = p + width, s = g + width, t = s + width;
            Copy(parameter + start, p, count);
            Copy(gradient + start, g, count);
            Copy(first + start, s, count);
            Copy(second + start, t, count);
            UpdateVector(rule, p, g, s, t);
            Copy(p, parameter + start, count);
            Copy(s, first + start, count);
            if (TRule.StateCount > 1) Copy(t, second + start, count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void UpdateVector(TRule rule, float* parameter, float* gradient, float* first, float* second)
        {
            var p = Vector.Load(parameter);
            var s = Vector.Load(first);
            var t = TRule.StateCount > 1 ? Vector.Load(second) : default;
            rule.Update(ref p, Vector.Load(gradient), ref s, ref t);
            p.Store(parameter);
            s.Store(first);
            if (TRule.StateCount > 1) t.Store(second);
        }

        private static void Copy(float* source, float* target, int count)
            => new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
    }
}
