using static TorchSharp.torch;

namespace Focus;

/// <summary>Linear, GELU, linear: keeps what the first layer puts out and computes its GELU again in the backward pass. For float32 on the CPU.</summary>
internal sealed unsafe class FusedFeedForward : autograd.SingleTensorFunction<FusedFeedForward>
{
    private const string Layers = "layers";

    public override string Name => nameof(FusedFeedForward);

    public static bool CanTake(Tensor input, Gpt2FeedForward layers)
        => FusedLinear.CanTake(input, layers.Expansion) && layers.Projection.Weight.IsSpannable()
            && TensorMemory.FitSpan(input.numel() / input.shape[^1] * layers.Expansion.Weight.shape[0]);

    public static Tensor Apply(Tensor input, Gpt2FeedForward layers) => apply(input, layers);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var scope = NewDisposeScope();
        var (input, layers) = ((Tensor)vars[0], (Gpt2FeedForward)vars[1]);
        var hidden = FusedLinear.Product(input.AsRows(), layers.Expansion);
        var activated = empty_like(hidden);
        GeluKernels.Forward(hidden.Address(), activated.Address(), hidden.numel());
        ctx.save_for_backward([input, hidden.MoveToOuterDisposeScope()]);
        ctx.save_data(Layers, layers);
        return FusedLinear.Product(activated, layers.Projection).view([.. input.shape[..^1], layers.Projection.Weight.shape[0]]).MoveToOuterDisposeScope();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor outputGradient)
    {
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        var (input, hidden, layers) = (saved[0], saved[1], (Gpt2FeedForward)ctx.get_data(Layers));
        var gradient = outputGradient.contiguous().AsRows();
        var hiddenGradient = gradient.mm(layers.Projection.Weight);
        using (var activated = empty_like(hidden))
        {
            GeluKernels.Backward(hidden.Address(), activated.Address(), hiddenGradient.Address(), hidden.numel());
            FusedLinear.AddGradients(layers.Projection, gradient, activated);
        }
        FusedLinear.AddGradients(layers.Expansion, hiddenGradient, input.AsRows());
        return [hiddenGradient.mm(layers.Expansion.Weight).view(input.shape).MoveToOuterDisposeScope(), null!];
    }
}
