using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>AdamW with moments of 8 bits, in blocks of 256 elements (arXiv:2110.02861).</summary>
/// <remarks>
/// <code>
/// m, v = map[code]·(largest of the block)        m ← β1·m + (1−β1)·g        v ← β2·v + (1−β2)·g²
/// θ ← θ − η·ω·θ        θ ← θ − η/(1−β1^t) · m / (√v/√(1−β2^t) + ε)
/// largest = max|m| or max v of the block        code = the nearest entry of the map to m/largest or v/largest (of two as near, the lower)
/// </code>
/// The step uses the moments before they are rounded. The maps are the paper's dynamic ones: m's has both signs, 0 and +1; v's has twice as
/// many entries in each decade. Tensors with fewer than <see cref="LeastElements"/> elements keep moments in float32. State: two bytes for an
/// element and two numbers for a block. One pass over memory.
/// </remarks>
public sealed record Adam8BitOptions : MomentOptions
{
    /// <summary>Options with the published defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-8, ω 0.</summary>
    public Adam8BitOptions() => LearningRate = 1e-3;

    /// <summary>The elements from which a tensor has moments of 8 bits, ≥ 0.</summary>
    public long LeastElements { get; init; } = 4096;

    /// <inheritdoc/>
    public override string Name => "Adam8bit";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.AtLeast(0, LeastElements);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => new Adam8BitMethod();
}

/// <summary>The steps of AdamW with moments of 8 bits; the formula is in <see cref="Adam8BitOptions"/>.</summary>
internal sealed class Adam8BitMethod : UpdateMethod
{
    public const int BlockLength = 256;

    private readonly ElementwiseMethod<AdamWRule<No>, AdamWOptions> small = new();
    private readonly List<Adam8BitStep> queue = [];

    internal override ParameterState CreateState(Parameter parameter, OptimizerSettings settings, ParameterLayout layout)
    {
        var options = (Adam8BitOptions)settings;
        if (parameter.numel() < options.LeastElements) return small.CreateState(parameter, options.AsAdamW, layout);
        var (length, blocks, device) = (parameter.numel(), (parameter.numel() + BlockLength - 1) / BlockLength, parameter.device);
        return new(parameter, layout, () =>
        [
            full(length, (byte)DynamicMap.Signed.CodeOfZero, ScalarType.Byte, device), full(length, (byte)DynamicMap.Unsigned.CodeOfZero, ScalarType.Byte, device),
            zeros(blocks, ScalarType.Float32, device), zeros(blocks, ScalarType.Float32, device),
        ]);
    }

    internal override void Update(Parameter parameter, Tensor gradient, ParameterState state, OptimizerSettings settings, double learningRate)
    {
        var options = (Adam8BitOptions)settings;
        if (state.Tensors is not [{ dtype: ScalarType.Byte }, ..]) small.Update(parameter, gradient, state, options.AsAdamW, learningRate);
        else if (parameter.IsSpannable() && gradient.IsSpannable() && gradient.numel() == parameter.numel())
            queue.Add(new(parameter, gradient, state, new(options, state.Step, learningRate)));
        else UpdateTensors(parameter, gradient, state, new(options, state.Step, learningRate));
    }

    internal override void Run()
    {
        small.Run();
        // Pieces of many blocks, which the cores take in turn.
        const int piece = 64;
        var pieces = queue.SelectMany(step => Enumerable.Range(0, (step.Blocks + piece - 1) / piece).Select(index => (step, index * piece))).ToArray();
        Cores.ForEach(pieces.Length, queue.Sum(step => (long)step.Blocks * BlockLength), index =>
        {
            var (step, first) = pieces[index];
            for (var block = first; block < Math.Min(first + piece, step.Blocks); block++) step.Update(block);
        });
    }

    internal override void Clear()
    {
        small.Clear();
        queue.Clear();
    }

    /// <summary>A step in tensor operations.</summary>
    private static void UpdateTensors(Parameter parameter, Tensor gradient, ParameterState state, Adam8BitCoefficients by)
    {
        using var scope = NewDisposeScope();
        var (p, g) = (parameter.to(state.ComputeType).reshape(-1), gradient.to(state.ComputeType).reshape(-1));
        var first = DynamicMap.Signed.Read(state.Tensors[0], state.Tensors[2]).to(state.ComputeType).mul_(LiveScalar.Of(by.Beta1)).add_(g, LiveScalar.Of(1 - by.Beta1));
        var second = DynamicMap.Unsigned.Read(state.Tensors[1], state.Tensors[3]).to(state.ComputeType).mul_(LiveScalar.Of(by.Beta2))
            .addcmul_(g, g, LiveScalar.Of(1 - by.Beta2));
        var denominator = second.sqrt().mul_(LiveScalar.Of(by.InverseRootCorrection)).add_(LiveScalar.Of(by.Epsilon));
        parameter.copy_(p.mul(LiveScalar.Of(by.Shrinkage)).addcdiv_(first, denominator, LiveScalar.Of(by.Descent)).reshape(parameter.shape));
        DynamicMap.Signed.Write(first.to(ScalarType.Float32), state.Tensors[0], state.Tensors[2]);
        DynamicMap.Unsigned.Write(second.to(ScalarType.Float32), state.Tensors[1], state.Tensors[3]);
    }
}

/// <summary>The numbers of a step.</summary>
internal readonly struct Adam8BitCoefficients(Adam8BitOptions options, long step, double learningRate)
{
    public readonly float Beta1 = (float)options.Beta1, Beta2 = (float)options.Beta2, Epsilon = (float)options.Epsilon;
    public readonly float Descent = (float)(-learningRate / (1 - Math.Pow(options.Beta1, step)));
    public readonly float InverseRootCorrection = (float)(1 / Math.Sqrt(1 - Math.Pow(options.Beta2, step)));
    public readonly float Shrinkage = (float)(1 - learningRate * options.WeightDecay);
}

/// <summary>A parameter that is queued. The queue holds addresses only: the parameter owns its gradient, the optimizer the state, and both outlive
/// the step.</summary>
internal sealed unsafe class Adam8BitStep(Parameter parameter, Tensor gradient, ParameterState state, Adam8BitCoefficients by)
{
    private readonly int elements = (int)parameter.numel();
    private readonly float* parameters = parameter.Address(), gradients = gradient.Address();
    private readonly float* largest1 = state.Tensors[2].Address(), largest2 = state.Tensors[3].Address();
    private readonly byte* codes1 = (byte*)state.Tensors[0].Address(), codes2 = (byte*)state.Tensors[1].Address();

    public int Blocks { get; } = (int)state.Tensors[2].numel();

    public void Update(int block)
    {
        var start = block * Adam8BitMethod.BlockLength;
        var length = Math.Min(Adam8BitMethod.BlockLength, elements - start);
        Span<float> p = new(parameters + start, length), g = new(gradients + start, length);
        Span<byte> own1 = new(codes1 + start, length), own2 = new(codes2 + start, length);
        if (length == Adam8BitMethod.BlockLength)
        {
            Update(block, p, g, own1, own2);
            return;
        }

        // The last elements go through copies that fill a block, so that there are only whole vectors.
        Span<float> wholeP = stackalloc float[Adam8BitMethod.BlockLength], wholeG = stackalloc float[Adam8BitMethod.BlockLength];
        Span<byte> whole1 = stackalloc byte[Adam8BitMethod.BlockLength], whole2 = stackalloc byte[Adam8BitMethod.BlockLength];
        wholeP.Clear();
        wholeG.Clear();
        whole1.Fill((byte)DynamicMap.Signed.CodeOfZero);
        whole2.Fill((byte)DynamicMap.Unsigned.CodeOfZero);
        p.CopyTo(wholeP);
        g.CopyTo(wholeG);
        own1.CopyTo(whole1);
        own2.CopyTo(whole2);
        Update(block, wholeP, wholeG, whole1, whole2);
        wholeP[..length].CopyTo(p);
        whole1[..length].CopyTo(own1);
        whole2[..length].CopyTo(own2);
    }

    private void Update(int block, Span<float> p, ReadOnlySpan<float> g, Span<byte> own1, Span<byte> own2)
    {
        Span<float> first = stackalloc float[Adam8BitMethod.BlockLength], second = stackalloc float[Adam8BitMethod.BlockLength];
        DynamicMap.Signed.Read(own1, largest1[block], first);
        DynamicMap.Unsigned.Read(own2, largest2[block], second);
        Vector<float> beta1 = new(by.Beta1), fresh1 = new(1 - by.Beta1), beta2 = new(by.Beta2), fresh2 = new(1 - by.Beta2);
        for (var i = 0; i < g.Length; i += Vector<float>.Count)
        {
            var gradient = new Vector<float>(g[i..]);
            var m = Vector.FusedMultiplyAdd(gradient, fresh1, new Vector<float>(first[i..]) * beta1);
            var v = Vector.FusedMultiplyAdd(gradient * gradient, fresh2, new Vector<float>(second[i..]) * beta2);
            var denominator = Vector.SquareRoot(v) * by.InverseRootCorrection + new Vector<float>(by.Epsilon);
            (new Vector<float>(p[i..]) * by.Shrinkage + m / denominator * by.Descent).CopyTo(p[i..]);
            m.CopyTo(first[i..]);
            v.CopyTo(second[i..]);
        }
        largest1[block] = DynamicMap.Signed.Write(first, own1);
        largest2[block] = DynamicMap.Unsigned.Write(second, own2);
    }
}

/// <summary>The 256 numbers in [−1, 1] or [0, 1] that a code of 8 bits stands for: as many in each decade as in all below it, so that small
/// numbers keep their size and large ones their digits.</summary>
/// <remarks>
/// With c numbers in a decade, (0.1 + 0.9·(i + ½)/c)·s for i = 0 … c − 1 up to the decade's end s, the place of x among all is a piece of the
/// line c/(0.9·s)·x + c·0.8/0.9 in each decade. Each decade's line is flatter than the one below, so the place is the least of all lines, and
/// takes no search.
/// </remarks>
internal sealed class DynamicMap
{
    private const int Decades = 7;

    /// <summary>Where the first number of a decade begins: half-way to the last one of the decade below is a fifth of a place after the
    /// decade's beginning.</summary>
    private const float DecadeStart = 0.2f;

    /// <summary>The lines of the decades, for maps with one number in the lowest decade.</summary>
    private static readonly float[] Slopes = [.. Enumerable.Range(0, Decades).Select(decade => (float)(Math.Pow(2, decade) / (0.9 * EndOf(decade))))];
    private static readonly float[] Intercepts = [.. Enumerable.Range(0, Decades).Select(decade => (float)(Math.Pow(2, decade) * 0.8 / 0.9))];

    private readonly float[] values, midpoints;
    private readonly bool signed;

    /// <summary>The midpoints beside the least positive number and below 1, and the places of 0 and of 1.</summary>
    private readonly float lowest, highest, zeroPlace, onePlace;

    private DynamicMap(bool signed)
    {
        this.signed = signed;
        values = [.. Values(signed).Order()];
        CodeOfZero = Array.IndexOf(values, 0f);
        midpoints = [.. values.Zip(values.Skip(1), (low, high) => (float)(((double)low + high) / 2))];
        (lowest, highest) = (midpoints[CodeOfZero], midpoints[^1]);
        (zeroPlace, onePlace) = signed ? (0, 1 << Decades) : (1, 1 << (Decades + 1));
    }

    public static DynamicMap Signed { get; } = new(signed: true);

    public static DynamicMap Unsigned { get; } = new(signed: false);

    public IReadOnlyList<float> Entries => values;

    public int CodeOfZero { get; }

    /// <summary>Reads the numbers of a block.</summary>
    public void Read(ReadOnlySpan<byte> source, float largest, Span<float> numbers)
    {
        var map = values;
        for (var i = 0; i < numbers.Length; i++) numbers[i] = map[source[i]] * largest;
    }

    /// <summary>Writes the codes of a block's numbers, which fill vectors of bytes.</summary>
    /// <returns>The largest magnitude of the block.</returns>
    public float Write(ReadOnlySpan<float> numbers, Span<byte> target)
    {
        var largest = Largest(numbers);
        if (largest == 0) target.Fill((byte)CodeOfZero);
        else
            for (var i = 0; i < numbers.Length; i += Vector<byte>.Count)
                Vector.Narrow(Codes(numbers[i..], largest), Codes(numbers[(i + Vector<ushort>.Count)..], largest)).CopyTo(target[i..]);
        return largest;
    }

    private static float Largest(ReadOnlySpan<float> numbers)
    {
        var largest = Vector<float>.Zero;
        for (var i = 0; i < numbers.Length; i += Vector<float>.Count) largest = Vector.Max(largest, Vector.Abs(new Vector<float>(numbers[i..])));
        var result = 0f;
        for (var i = 0; i < Vector<float>.Count; i++) result = Math.Max(result, largest[i]);
        return result;
    }

    /// <summary>The codes of two vectors of numbers: each line is loaded once for both.</summary>
    private Vector<ushort> Codes(ReadOnlySpan<float> numbers, float largest)
    {
        var (left, right) = (new Vector<float>(numbers) / new Vector<float>(largest), new Vector<float>(numbers[Vector<float>.Count..]) / new Vector<float>(largest));
        var (leftSize, rightSize) = (Vector.Abs(left), Vector.Abs(right));
        Vector<float> leftPlace = new(float.PositiveInfinity), rightPlace = leftPlace;
        for (var decade = 0; decade < Slopes.Length; decade++)
        {
            Vector<float> slope = new(Slopes[decade]), intercept = new(Intercepts[decade]);
            leftPlace = Vector.MinNative(leftPlace, Vector.FusedMultiplyAdd(leftSize, slope, intercept));
            rightPlace = Vector.MinNative(rightPlace, Vector.FusedMultiplyAdd(rightSize, slope, intercept));
        }
        return Vector.Narrow(Code(left, leftSize, leftPlace), Code(right, rightSize, rightPlace));
    }

    [MethodImpl(FloatElements.Inline)]
    private Vector<uint> Code(Vector<float> number, Vector<float> size, Vector<float> place)
    {
        if (!signed) place += place;
        var whole = Vector.Ceiling(place) - Vector<float>.One;
        var startsDecade = Vector.Equals(Vector.AsVectorInt32(whole) & new Vector<int>(0x007f_ffff), Vector<int>.Zero); // A power of two.
        var below = Vector.LessThanOrEqual(place - whole, new Vector<float>(DecadeStart));
        whole = Vector.ConditionalSelect(startsDecade & below, whole - Vector<float>.One, whole);
        whole = Vector.MaxNative(whole, new Vector<float>(zeroPlace + 1));
        whole = Vector.ConditionalSelect(Vector.LessThanOrEqual(size, new Vector<float>(lowest)), new Vector<float>(zeroPlace), whole);
        whole = Vector.ConditionalSelect(Vector.GreaterThan(number, new Vector<float>(highest)), new Vector<float>(onePlace), whole);
        if (signed) whole = Vector.ConditionalSelect(Vector.LessThan(number, Vector<float>.Zero), -whole, whole);
        return Vector.AsVectorUInt32(Vector.ConvertToInt32Native(whole + new Vector<float>(CodeOfZero - zeroPlace)));
    }

    /// <summary>Reads the numbers of a tensor of codes.</summary>
    public Tensor Read(Tensor source, Tensor largest)
        => tensor(values, device: source.device).index_select(0, source.to(ScalarType.Int64))
            .mul_(largest.repeat_interleave(Adam8BitMethod.BlockLength).narrow(0, 0, source.numel()));

    /// <summary>Writes the codes of a tensor's numbers, and the largest magnitude of each block.</summary>
    public void Write(Tensor numbers, Tensor target, Tensor largest)
    {
        var missing = largest.numel() * Adam8BitMethod.BlockLength - numbers.numel();
        largest.copy_(nn.functional.pad(numbers.abs(), [0, missing]).reshape(-1, Adam8BitMethod.BlockLength).amax([1]));
        var scaled = numbers.div(largest.repeat_interleave(Adam8BitMethod.BlockLength).narrow(0, 0, numbers.numel())).nan_to_num(0);
        target.copy_(bucketize(scaled, tensor(midpoints, device: numbers.device)));
    }

    /// <summary>In each decade, the means of neighbours among numbers at equal distances.</summary>
    private static IEnumerable<float> Values(bool signed)
    {
        yield return 0;
        yield return 1;
        for (var decade = 0; decade < Decades; decade++)
        {
            var count = 1 << (signed ? decade : decade + 1);
            for (var i = 0; i < count; i++)
            {
                var mean = (float)((0.1 + 0.9 * (i + 0.5) / count) * EndOf(decade));
                yield return mean;
                if (signed) yield return -mean;
            }
        }
    }

    private static double EndOf(int decade) => Math.Pow(10, decade - Decades + 1);
}
