using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The output head and its cross-entropy, for float32 on the CPU: logits are made for some rows at a time, and turned into their own
/// gradient where they lie.</summary>
/// <remarks>The gradients are computed along with the loss, because the logits, which are most of the memory of a small model's step, are
/// gone afterwards. They can be used once.</remarks>
internal sealed unsafe class FusedCrossEntropy : autograd.SingleTensorFunction<FusedCrossEntropy>
{
    /// <summary>As many rows of logits are held as fit here, and one at least.</summary>
    private const long ChunkBytes = 256 << 20;

    private const string Head = "head", Used = "used";

    public override string Name => nameof(FusedCrossEntropy);

    public static bool CanTake(Tensor features, Parameter head, Tensor targets)
        => features.IsSpannable() && head.IsSpannable() && targets.is_contiguous() && targets.device_type == DeviceType.CPU
            && ParameterGradients.AreReached(features);

    /// <inheritdoc cref="Operation.CrossEntropy(Tensor, Tensor, Tensor)"/>
    public static Tensor Apply(Tensor features, Parameter head, Tensor targets, long chunkBytes = ChunkBytes)
        => apply(features, targets, new UntrackedParameter(head), is_grad_enabled() && features.requires_grad, chunkBytes);

    /// <inheritdoc cref="Operation.CrossEntropies"/>
    public static Tensor Losses(Tensor features, Parameter head, Tensor targets, long chunkBytes = ChunkBytes)
    {
        using var scope = NewDisposeScope();
        var losses = empty(targets.shape);
        ForEachChunk(features.AsRows(), head, Ids(targets), losses.Address(), null, null, 1, chunkBytes);
        return losses.MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var scope = NewDisposeScope();
        var (features, targets, head, differentiate) = ((Tensor)vars[0], (Tensor)vars[1], ((UntrackedParameter)vars[2]).Parameter, (bool)vars[3]);
        var ids = Ids(targets);
        var counted = ids.Length - ids.Count(-1L);
        var losses = empty(ids.Length);
        Tensor? featureGradient = differentiate ? empty_like(features) : null;
        Tensor? headGradient = differentiate && head.requires_grad ? empty_like(head) : null;
        ForEachChunk(features.AsRows(), head, ids, losses.Address(), featureGradient?.AsRows(), headGradient, 1f / counted, (long)vars[4]);
        ctx.save_for_backward([.. new[] { featureGradient, headGradient }.OfType<Tensor>().Select(t => t.MoveToOuterDisposeScope())]);
        ctx.save_data(Head, vars[2]);
        return losses.sum().div(counted).MoveToOuterDisposeScope();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor outputGradient)
    {
        if (ctx.get_data(Used) is not null) throw new InvalidOperationException("The loss was differentiated twice; compute it again first.");
        ctx.save_data(Used, true);
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        var factor = outputGradient.ToSingle();
        if (factor != 1)
            foreach (var gradient in saved) gradient.mul_(factor);
        if (saved.Count > 1) ParameterGradients.Add(((UntrackedParameter)ctx.get_data(Head)).Parameter, saved[1]);
        return [saved[0].MoveToOuterDisposeScope(), null!, null!, null!, null!];
    }

    /// <summary>Computes the losses of all rows and, where tensors are given for them, the gradients of features and head.</summary>
    private static void ForEachChunk(
        Tensor features, Tensor head, ReadOnlySpan<long> targets, float* losses, Tensor? featureGradient, Tensor? headGradient,
        float gradientScale, long chunkBytes)
    {
        var (rows, vocabulary) = ((int)features.shape[0], (int)head.shape[0]);
        var chunks = (int)Math.Min(rows, (rows * (long)vocabulary * sizeof(float) + chunkBytes - 1) / chunkBytes);
        var buffer = empty((rows + chunks - 1) / chunks, vocabulary);
        var transposed = head.detach().t();
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            var (first, last) = ((int)((long)rows * chunk / chunks), (int)((long)rows * (chunk + 1) / chunks));
            using var scope = NewDisposeScope();
            Tensor logits = buffer.narrow(0, 0, last - first), part = features.narrow(0, first, last - first);
            logits.addmm_(part, transposed, beta: 0);
            CrossEntropyKernel.Run(logits.Address(), targets[first..last], losses + first, vocabulary, featureGradient is null ? null : gradientScale);
            featureGradient?.narrow(0, first, last - first).addmm_(logits, head.detach(), beta: 0);
            headGradient?.addmm_(logits.t(), part, beta: chunk == 0 ? 0 : 1);
        }
    }

    private static ReadOnlySpan<long> Ids(Tensor targets) => MemoryMarshal.Cast<byte, long>(targets.bytes);
}
