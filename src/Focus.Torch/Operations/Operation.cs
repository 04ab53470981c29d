using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The operations of the models, in tensor operations that run on every device and type.</summary>
internal static class Operation
{
    /// <summary>x·Wᵀ + b.</summary>
    public static Tensor Linear(Tensor input, Tensor weight, Tensor? bias = null)
        => Widened(input, () => nn.functional.linear(Wide(input), Wide(weight), bias is null ? null : Wide(bias)));

    /// <summary>The rows of a table.</summary>
    public static Tensor Embedding(Tensor ids, Tensor weight)
        => Widened(weight, () => Wide(weight).index_select(0, ids.reshape(-1)).view([.. ids.shape, weight.shape[1]]));

    /// <summary>Normalises the last dimension, then scales and shifts it.</summary>
    public static Tensor LayerNorm(Tensor input, Tensor scale, Tensor? shift, double epsilon)
        => Widened(input, () => nn.functional.layer_norm(Wide(input), scale.shape, Wide(scale), shift is null ? null : Wide(shift), epsilon));

    /// <summary>GELU in its tanh form: x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))).</summary>
    public static Tensor Gelu(Tensor input)
    {
        // On every device: x³ leaves the range of float16 where x passes 40.
        return IsShort(input) ? Formula(input.to(ScalarType.Float32)).to(input.dtype) : Formula(input);

        static Tensor Formula(Tensor x) => 0.5 * x * (1 + (Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x.pow(3))).tanh());
    }

    /// <summary>Zeroes a share of the elements in training and scales the others up.</summary>
    public static Tensor Dropout(Tensor input, double share, bool training)
        => training && share > 0 ? Widened(input, () => nn.functional.dropout(Wide(input), share)) : input;

    /// <summary>softmax(scale·Q·Kᵀ)·V for each head, every position seeing itself and those before it.</summary>
    /// <param name="projected">batch × time × 3·width: queries, keys and values, each with its heads side by side.</param>
    /// <param name="heads">A divisor of the width.</param>
    /// <param name="scale">Multiplies the products of queries and keys.</param>
    /// <param name="dropout">The share of the weights to drop.</param>
    /// <returns>batch × time × width.</returns>
    public static Tensor CausalAttention(Tensor projected, int heads, double scale, double dropout) => Widened(projected, () =>
    {
        var (batch, time, width) = (projected.shape[0], projected.shape[1], projected.shape[2] / 3);
        var parts = Wide(projected).view(batch, time, 3, heads, width / heads).permute(2, 0, 3, 1, 4);
        Tensor queries = parts[0], keys = parts[1], values = parts[2]; // batch × heads × time × width of a head
        var weights = (queries * scale).matmul(keys.transpose(-2, -1)); // The products alone may leave the range of float16.
        var future = ones(time, time, device: projected.device).tril().eq(0);
        weights = Dropout(weights.masked_fill(future, double.NegativeInfinity).softmax(-1), dropout, training: true);
        return weights.matmul(values).transpose(1, 2).reshape(batch, time, width);
    });

    /// <summary>The mean cross-entropy of the targets that are not -1, the logits being features·headᵀ.</summary>
    public static Tensor CrossEntropy(Tensor features, Tensor head, Tensor targets) => CrossEntropy(features, head, targets, nn.Reduction.Mean);

    /// <summary>The cross-entropy of each target, 0 for those that are -1.</summary>
    public static Tensor CrossEntropies(Tensor features, Tensor head, Tensor targets)
        => CrossEntropy(features, head, targets, nn.Reduction.None).view(targets.shape);

    private static Tensor CrossEntropy(Tensor features, Tensor head, Tensor targets, nn.Reduction reduction)
    {
        var logits = Linear(features, head).view(-1, head.shape[0]);
        if (logits.dtype != ScalarType.Float64) logits = logits.to(ScalarType.Float32);
        return nn.functional.cross_entropy(logits, targets.reshape(-1), ignore_index: -1, reduction: reduction);
    }

    /// <summary>Calculates and rounds the result to the type of the input.</summary>
    private static Tensor Widened(Tensor input, Func<Tensor> calculation) => IsNarrow(input) ? calculation().to(input.dtype) : calculation();

    /// <summary>The tensor itself, or in float32 what libtorch has few or slow kernels for.</summary>
    private static Tensor Wide(Tensor tensor) => IsNarrow(tensor) ? tensor.to(ScalarType.Float32) : tensor;

    private static bool IsNarrow(Tensor tensor) => tensor.device_type == DeviceType.CPU && IsShort(tensor);

    private static bool IsShort(Tensor tensor) => tensor.dtype is ScalarType.Float16 or ScalarType.BFloat16;
}
