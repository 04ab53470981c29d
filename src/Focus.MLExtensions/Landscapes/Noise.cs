using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>One stream of normal pairs for each of a block's runs, whose number is a multiple of <see cref="Lanes.Multiple"/>. The draws of a
/// run depend on its key only.</summary>
internal readonly unsafe struct NoiseStreams(Workspace workspace, int runs)
{
    private readonly uint* state = workspace.Take<uint>(4 * runs);

    /// <summary>The float32 numbers that <see cref="Fill"/> writes.</summary>
    public static int Draws(int runs, int pairs) => 2 * pairs * runs;

    public void Start(int run, StreamKey key)
    {
        var (low, high) = key.State();
        state[run] = (uint)low;
        state[runs + run] = (uint)(low >> 32);
        state[2 * runs + run] = (uint)high;
        state[3 * runs + run] = (uint)(high >> 32);
    }

    /// <summary>Draws pairs of N(0, scale²), ordered pair, half of the pair, run.</summary>
    public void Fill<T>(float* destination, int pairs, double scale) where T : struct, ISingleLanes<T>
    {
        var factor = T.Broadcast((float)scale);
        for (var run = 0; run < runs; run += T.Count)
        {
            var s0 = T.LoadBits(state + run);
            var s1 = T.LoadBits(state + runs + run);
            var s2 = T.LoadBits(state + 2 * runs + run);
            var s3 = T.LoadBits(state + 3 * runs + run);
            var target = destination + run;
            for (var pair = 0; pair < pairs; pair++)
            {
                var (first, second) = GaussianPair.Next(ref s0, ref s1, ref s2, ref s3, factor);
                first.Store(target);
                second.Store(target + runs);
                target += 2 * runs;
            }
            s0.StoreBits(state + run);
            s1.StoreBits(state + runs + run);
            s2.StoreBits(state + 2 * runs + run);
            s3.StoreBits(state + 3 * runs + run);
        }
    }
}

/// <summary>Box–Muller pairs of standard normal draws in float32, one pair per lane, from two words of a xoshiro128++ stream.</summary>
/// <remarks>
/// The radius √(−2 ln u) comes from all 32 bits of one word, so it reaches 6.76; the angle from the other. Logarithm, sine and cosine are
/// polynomials with errors of about 1e-7, the resolution of float32: far below what any statistic of the draws can show.
/// Generator: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (arXiv:1805.01407).
/// </remarks>
internal static class GaussianPair
{
    [MethodImpl(Lanes.Inline)]
    public static (T First, T Second) Next<T>(ref T s0, ref T s1, ref T s2, ref T s3, T scale) where T : struct, ISingleLanes<T>
    {
        var radius = T.Sqrt(MinusTwoLog(NextWord(ref s0, ref s1, ref s2, ref s3))) * scale;
        var angle = NextWord(ref s0, ref s1, ref s2, ref s3);

        // Half a turn from −π/2 to π/2; the lowest bit, lost in the conversion to float32, chooses the half.
        var half = T.FromSigned(angle) * T.Broadcast(1f / (1L << 31));
        var square = half * half;
        var sine = Polynomial.Sine(square) * half;
        var cosine = Polynomial.Cosine(square) ^ (angle << 31);
        return (radius * cosine, radius * sine);
    }

    [MethodImpl(Lanes.Inline)]
    private static T NextWord<T>(ref T s0, ref T s1, ref T s2, ref T s3) where T : struct, ISingleLanes<T>
    {
        var result = T.AddBits(T.RotateLeft(T.AddBits(s0, s3), 7), s0);
        var shifted = s1 << 9;
        var mixed = s2 ^ s0;
        var last = s3 ^ s1;
        s1 = s1 ^ mixed;
        s0 = s0 ^ last;
        s2 = mixed ^ shifted;
        s3 = T.RotateLeft(last, 11);
        return result;
    }

    /// <summary>−2 ln((word + ½)/2³²): the word is split into 2^exponent · (1 + t) with t in [√½ − 1, √2 − 1).</summary>
    [MethodImpl(Lanes.Inline)]
    private static T MinusTwoLog<T>(T word) where T : struct, ISingleLanes<T>
    {
        const uint rootHalf = 0x3F3504F3;
        const uint rootHalfTimes2To32 = rootHalf + (32 << 23);
        var offset = T.AddBits(T.FromUnsigned(word) + T.Broadcast(0.5f), T.BroadcastBits(unchecked(0 - rootHalfTimes2To32)));
        var exponent = T.FromSigned(offset >> 23);
        var mantissa = T.AddBits(offset & T.BroadcastBits(0x007FFFFF), T.BroadcastBits(rootHalf));
        var t = mantissa + T.Broadcast(-1f);
        return T.MultiplyAdd(exponent, T.Broadcast(-1.3862944f), t * Polynomial.MinusTwoLog(t));
    }

    /// <summary>Near-minimax polynomials (interpolation in Chebyshev nodes).</summary>
    private static class Polynomial
    {
        /// <summary>−2 ln(1 + t)/t.</summary>
        [MethodImpl(Lanes.Inline)]
        public static T MinusTwoLog<T>(T t) where T : struct, ISingleLanes<T>
        {
            var p = T.MultiplyAdd(T.Broadcast(-0.1706662626f), t, T.Broadcast(0.2853851645f));
            p = T.MultiplyAdd(p, t, T.Broadcast(-0.2995480254f));
            p = T.MultiplyAdd(p, t, T.Broadcast(0.3315598579f));
            p = T.MultiplyAdd(p, t, T.Broadcast(-0.3991186672f));
            p = T.MultiplyAdd(p, t, T.Broadcast(0.5000270437f));
            p = T.MultiplyAdd(p, t, T.Broadcast(-0.6666838657f));
            p = T.MultiplyAdd(p, t, T.Broadcast(0.9999999276f));
            return T.MultiplyAdd(p, t, T.Broadcast(-1.9999999483f));
        }

        /// <summary>sin(½π√q)/√q.</summary>
        [MethodImpl(Lanes.Inline)]
        public static T Sine<T>(T q) where T : struct, ISingleLanes<T>
        {
            var p = T.MultiplyAdd(T.Broadcast(0.0001516717f), q, T.Broadcast(-0.0046741438f));
            p = T.MultiplyAdd(p, q, T.Broadcast(0.0796899183f));
            p = T.MultiplyAdd(p, q, T.Broadcast(-0.6459637596f));
            return T.MultiplyAdd(p, q, T.Broadcast(1.5707963200f));
        }

        /// <summary>cos(½π√q).</summary>
        [MethodImpl(Lanes.Inline)]
        public static T Cosine<T>(T q) where T : struct, ISingleLanes<T>
        {
            var p = T.MultiplyAdd(T.Broadcast(0.0008581345f), q, T.Broadcast(-0.0208105152f));
            p = T.MultiplyAdd(p, q, T.Broadcast(0.2536506744f));
            p = T.MultiplyAdd(p, q, T.Broadcast(-1.2336982006f));
            return T.MultiplyAdd(p, q, T.Broadcast(0.9999999530f));
        }
    }
}
