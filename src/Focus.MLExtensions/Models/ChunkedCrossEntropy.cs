using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The output head and its cross-entropy together: logits are made for some rows at a time, and become their own gradient.</summary>
/// <remarks>The logits of all rows, their logarithms and their gradients would be the largest tensors of a step: 0.2 GB each for GPT-2's
/// vocabulary and 1,024 tokens. The gradients are computed along with the loss, while the logits are there.</remarks>
internal sealed class ChunkedCrossEntropy : autograd.SingleTensorFunction<ChunkedCrossEntropy>
{
    /// <summary>As many logits as fit here are made at once: enough rows for fast products with the head.</summary>
    private const long ChunkBytes = 64 << 20;

    private const string Scale = nameof(Scale);

    /// <summary>What this thread returned last on another device than the CPU; see <see cref="backward"/>.</summary>
    [ThreadStatic]
    private static IReadOnlyList<Tensor>? _returned;

    public override string Name => nameof(ChunkedCrossEntropy);

    /// <summary>The mean cross-entropy of the targets that are not -1, the logits being features·headᵀ.</summary>
    /// <param name="features">… × width.</param>
    /// <param name="head">vocabulary × width.</param>
    /// <param name="targets">…, int64.</param>
    /// <param name="chunkBytes">See <see cref="ChunkBytes"/>.</param>
    /// <param name="gradientScale">The factor by which the loss is multiplied before it is differentiated. In float16 the gradients of the
    /// logits would round to zero without it.</param>
    /// <returns>A scalar, float64 if the features are, otherwise float32.</returns>
    public static Tensor Mean(Tensor features, Tensor head, Tensor targets, long chunkBytes = ChunkBytes, double gradientScale = 1)
        => apply(
            features, head, targets.reshape(-1), is_grad_enabled() && (features.requires_grad || head.requires_grad), chunkBytes, gradientScale);

    /// <summary>A class for each row, drawn with the probabilities of the logits by torch's generator; without gradients.</summary>
    /// <returns>rows, int64.</returns>
    public static Tensor Sample(Tensor features, Tensor head)
    {
        var rows = Rows(features);
        return cat([.. Chunks(rows, head, ChunkBytes).Select(
            chunk => LogProbabilities(rows.narrow(0, chunk.Start, chunk.Length), head).exp_().multinomial(1).squeeze(1))]);
    }

    /// <summary>The cross-entropy of each target, 0 for those that are -1; without gradients.</summary>
    /// <param name="features">… × width.</param>
    /// <param name="head">vocabulary × width.</param>
    /// <param name="targets">…, int64.</param>
    /// <param name="chunkBytes">See <see cref="ChunkBytes"/>.</param>
    /// <returns>…, float64 if the features are, otherwise float32.</returns>
    public static Tensor Losses(Tensor features, Tensor head, Tensor targets, long chunkBytes = ChunkBytes)
    {
        using var scope = NewDisposeScope();
        var rows = Rows(features);
        var losses = Chunks(rows, head, chunkBytes).Select(chunk =>
            Losses(LogProbabilities(rows.narrow(0, chunk.Start, chunk.Length), head), targets.reshape(-1).narrow(0, chunk.Start, chunk.Length)));
        return cat([.. losses]).view(targets.shape).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var (features, head, targets, differentiate) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (bool)vars[3]);
        var rows = Rows(features);
        var counted = targets.ne(LiveScalar.MinusOne);
        var count = counted.sum();
        var scale = (double)vars[5];
        var (featureGradient, headGradient) = differentiate ? (empty_like(rows), zeros_like(head)) : (null, null);
        var losses = new List<Tensor>();
        foreach (var (start, length) in Chunks(rows, head, (long)vars[4]))
        {
            using var chunkScope = NewDisposeScope();
            Tensor part = rows.narrow(0, start, length), ids = targets.narrow(0, start, length);
            var logProbabilities = LogProbabilities(part, head);
            losses.Add(Losses(logProbabilities, ids).sum().MoveToOuterDisposeScope());
            if (!differentiate) continue;
            var gradient = LogitGradient(logProbabilities, ids, counted.narrow(0, start, length).div(count).mul(LiveScalar.Of(scale))).to(head.dtype);
            featureGradient!.narrow(0, start, length).copy_(gradient.mm(head));
            headGradient!.addmm_(gradient.t(), part);
        }
        ctx.save_data(Scale, scale);
        if (differentiate) ctx.save_for_backward([featureGradient!.view_as(features).MoveToOuterDisposeScope(), headGradient!.MoveToOuterDisposeScope()]);
        return stack(losses).sum().div(count).MoveToOuterDisposeScope();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor outputGradient)
    {
        using var scope = NewDisposeScope();
        var factor = outputGradient.div(LiveScalar.Of((double)ctx.get_data(Scale)));
        Tensor[] gradients = [.. ctx.get_saved_variables().Select(gradient => gradient.mul(factor.to(gradient.dtype)))];
        Keep(gradients, outputGradient.device_type);
        return [.. gradients, null!, null!, null!, null!];
    }

    /// <summary>On the CPU torch calls from the thread that trains, whose scope takes the gradients. For a GPU it has a thread of its own
    /// without a scope: there they are kept until the next call, as torch copies them only after this one.</summary>
    private static void Keep(Tensor[] gradients, DeviceType device)
    {
        foreach (var gradient in gradients)
            if (device == DeviceType.CPU) gradient.MoveToOuterDisposeScope();
            else gradient.DetachFromDisposeScope();
        if (device == DeviceType.CPU) return;
        foreach (var old in _returned ?? []) old.Dispose();
        _returned = gradients;
    }

    private static Tensor Rows(Tensor features) => features.reshape(-1, features.shape[^1]);

    /// <summary>Ranges of rows of which the logits fit, of one at least.</summary>
    private static IEnumerable<(long Start, long Length)> Chunks(Tensor rows, Tensor head, long chunkBytes)
    {
        var most = Math.Max(1, chunkBytes / (head.shape[0] * sizeof(float)));
        for (long start = 0; start < rows.shape[0]; start += most) yield return (start, Math.Min(most, rows.shape[0] - start));
    }

    /// <summary>rows × vocabulary.</summary>
    private static Tensor LogProbabilities(Tensor rows, Tensor head)
        => nn.functional.linear(rows, head).log_softmax(-1, rows.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32);

    /// <summary>rows.</summary>
    private static Tensor Losses(Tensor logProbabilities, Tensor targets)
    {
        var losses = logProbabilities.gather(1, Indices(targets)).neg().squeeze(1);
        return where(targets.ne(LiveScalar.MinusOne), losses, zeros_like(losses));
    }

    /// <summary>(softmax − one at the target) · weight for each row, in the memory of the logarithms.</summary>
    private static Tensor LogitGradient(Tensor logProbabilities, Tensor targets, Tensor weights)
    {
        var minusOnes = full([targets.shape[0], 1], LiveScalar.MinusOne, logProbabilities.dtype, logProbabilities.device);
        return logProbabilities.exp_().scatter_add_(1, Indices(targets), minusOnes).mul_(weights.to(logProbabilities.dtype).unsqueeze(1));
    }

    /// <summary>rows × 1; where a target is ignored, any index will do.</summary>
    private static Tensor Indices(Tensor targets) => targets.clamp_min(LiveScalar.Zero).unsqueeze(1);
}
