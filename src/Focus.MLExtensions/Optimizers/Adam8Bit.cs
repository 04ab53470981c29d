using System.Numerics;
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
        Parallel.For(0, pieces.Length, new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() }, index =>
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
        var (p, g) = (parameter.to(ScalarType.Float32).reshape(-1), gradient.to(ScalarType.Float32).reshape(-1));
        var first = DynamicMap.Signed.Read(state.Tensors[0], state.Tensors[2]).mul_(LiveScalar.Of(by.Beta1)).add_(g, LiveScalar.Of(1 - by.Beta1));
        var second = DynamicMap.Unsigned.Read(state.Tensors[1], state.Tensors[3]).mul_(LiveScalar.Of(by.Beta2))
            .addcmul_(g, g, LiveScalar.Of(1 - by.Beta2));
        var denominator = second.sqrt().mul_(LiveScalar.Of(by.InverseRootCorrection)).add_(LiveScalar.Of(by.Epsilon));
        parameter.copy_(p.mul(LiveScalar.Of(by.Shrinkage)).addcdiv_(first, denominator, LiveScalar.Of(by.Descent)).reshape(parameter.shape));
        DynamicMap.Signed.Write(first, state.Tensors[0], state.Tensors[2]);
        DynamicMap.Unsigned.Write(second, state.Tensors[1], state.Tensors[3]);
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
        Span<float> first = stackalloc float[length], second = stackalloc float[length];
        Span<byte> own1 = new(codes1 + start, length), own2 = new(codes2 + start, length);
        DynamicMap.Signed.Read(own1, largest1[block], first);
        DynamicMap.Unsigned.Read(own2, largest2[block], second);
        Step(new(parameters + start, length), new(gradients + start, length), first, second);
        largest1[block] = DynamicMap.Signed.Write(first, own1);
        largest2[block] = DynamicMap.Unsigned.Write(second, own2);
    }

    private void Step(Span<float> parameters, ReadOnlySpan<float> gradients, Span<float> first, Span<float> second)
    {
        var whole = parameters.Length - parameters.Length % Vector<float>.Count;
        Vector<float> beta1 = new(by.Beta1), fresh1 = new(1 - by.Beta1), beta2 = new(by.Beta2), fresh2 = new(1 - by.Beta2);
        for (var i = 0; i < whole; i += Vector<float>.Count)
        {
            var g = new Vector<float>(gradients[i..]);
            var m = Vector.FusedMultiplyAdd(g, fresh1, new Vector<float>(first[i..]) * beta1);
            var v = Vector.FusedMultiplyAdd(g * g, fresh2, new Vector<float>(second[i..]) * beta2);
            var denominator = Vector.SquareRoot(v) * by.InverseRootCorrection + new Vector<float>(by.Epsilon);
            (new Vector<float>(parameters[i..]) * by.Shrinkage + m / denominator * by.Descent).CopyTo(parameters[i..]);
            m.CopyTo(first[i..]);
            v.CopyTo(second[i..]);
        }
        for (var i = whole; i < parameters.Length; i++)
        {
            var g = gradients[i];
            first[i] = by.Beta1 * first[i] + (1 - by.Beta1) * g;
            second[i] = by.Beta2 * second[i] + (1 - by.Beta2) * g * g;
            parameters[i] = parameters[i] * by.Shrinkage + first[i] / (MathF.Sqrt(second[i]) * by.InverseRootCorrection + by.Epsilon) * by.Descent;
        }
    }
}

/// <summary>The 256 numbers in [−1, 1] or [0, 1] that a code of 8 bits stands for: as many in each decade as in all below it, so that small
/// numbers keep their size and large ones their digits.</summary>
internal sealed class DynamicMap
{
    private const int Decades = 7;

    /// <summary>The bits of a float32 number that choose the code below it: at most one midpoint lies between two such numbers.</summary>
    private const int TableShift = 16;

    private readonly float[] values;

    /// <summary>The midpoint below each code's number, with −∞ first and +∞ last.</summary>
    private readonly float[] midpoints;

    /// <summary>The code of a number that is known by its upper bits; the code of the number itself is this or a neighbour.</summary>
    private readonly byte[] codes;

    private DynamicMap(bool signed)
    {
        values = [.. Values(signed).Order()];
        midpoints = [float.NegativeInfinity, .. values.Zip(values.Skip(1), (low, high) => (float)(((double)low + high) / 2)), float.PositiveInfinity];
        codes = [.. Enumerable.Range(0, 1 << (32 - TableShift)).Select(bits => Search(BitConverter.Int32BitsToSingle(bits << TableShift)))];

        byte Search(float number) => float.IsNaN(number) ? (byte)0
            : (byte)((Array.BinarySearch(midpoints, number) is var index && index < 0 ? ~index : index) - 1);
    }

    public static DynamicMap Signed { get; } = new(signed: true);

    public static DynamicMap Unsigned { get; } = new(signed: false);

    public IReadOnlyList<float> Entries => values;

    public int CodeOfZero => Array.IndexOf(values, 0f);

    /// <summary>Reads the numbers of a block.</summary>
    public void Read(ReadOnlySpan<byte> source, float largest, Span<float> numbers)
    {
        var map = values;
        for (var i = 0; i < source.Length; i++) numbers[i] = map[source[i]] * largest;
    }

    /// <summary>Writes the codes of a block's numbers.</summary>
    /// <returns>The largest magnitude of the block.</returns>
    public float Write(ReadOnlySpan<float> numbers, Span<byte> target)
    {
        var largest = 0f;
        foreach (var number in numbers) largest = Math.Max(largest, Math.Abs(number));
        if (largest == 0)
        {
            target.Fill((byte)CodeOfZero);
            return 0;
        }
        for (var i = 0; i < numbers.Length; i++)
        {
            var number = numbers[i] / largest;
            int code = codes[BitConverter.SingleToUInt32Bits(number) >> TableShift];
            if (number > midpoints[code + 1]) code++;
            else if (number <= midpoints[code]) code--;
            target[i] = (byte)code;
        }
        return largest;
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
        target.copy_(bucketize(scaled, tensor(midpoints[1..^1], device: numbers.device)));
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
                var mean = (float)((0.1 + 0.9 * (i + 0.5) / count) * Math.Pow(10, decade - Decades + 1));
                yield return mean;
                if (signed) yield return -mean;
            }
        }
    }
}
