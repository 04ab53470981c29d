using static TorchSharp.torch;

namespace Focus;

/// <summary>Causal attention that never holds all weights at once and computes them again in the backward pass, for float32 on the
/// CPU.</summary>
internal sealed unsafe class FusedAttention : autograd.SingleTensorFunction<FusedAttention>
{
    private const string Settings = "settings", Dropped = "dropped";

    public override string Name => nameof(FusedAttention);

    public static bool CanTake(Tensor projected, int heads, double dropout)
        => projected.IsSpannable() && projected.shape[2] / 3 / heads % SmallProduct.Step == 0
            && (dropout == 0 || TensorMemory.FitSpan(projected.shape[0] * heads * projected.shape[1] * projected.shape[1]));

    /// <inheritdoc cref="Operation.CausalAttention"/>
    public static Tensor Apply(Tensor projected, int heads, double scale, double dropout)
    {
        var (batch, time) = (projected.shape[0], projected.shape[1]);
        // Drawn as Operation.CausalAttention draws it: a factor of 0 or 1/(1 − dropout) for every weight.
        var factors = dropout > 0 ? nn.functional.dropout(ones([batch, heads, time, time]), dropout) : null;
        return apply(projected, heads, scale, factors!);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (projected, heads, scale, factors) = ((Tensor)vars[0], (int)vars[1], (double)vars[2], (Tensor?)vars[3]);
        var shape = Shape(projected, heads);
        Tensor output = empty([shape.Batch, shape.Time, shape.Width]), normalizers = empty([shape.Batch, heads, shape.Time]);
        new AttentionKernel(shape, (float)scale, projected.Address(), Address(factors), normalizers.Address()).Forward(output.Address());
        ctx.save_for_backward(factors is null ? [projected, output, normalizers] : [projected, output, normalizers, factors]);
        ctx.save_data(Settings, (heads, scale));
        return output;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor outputGradient)
    {
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        var (heads, scale) = ((int, double))ctx.get_data(Settings);
        var (projected, output, normalizers, factors) = (saved[0], saved[1], saved[2], saved.ElementAtOrDefault(3));
        var gradient = empty_like(projected);
        var dense = outputGradient.contiguous();
        new AttentionKernel(Shape(projected, heads), (float)scale, projected.Address(), Address(factors), normalizers.Address())
            .Backward(output.Address(), dense.Address(), gradient.Address());
        return [gradient.MoveToOuterDisposeScope(), null!, null!, null!];
    }

    private static AttentionShape Shape(Tensor projected, int heads)
        => new((int)projected.shape[0], (int)projected.shape[1], heads, (int)projected.shape[2] / 3 / heads);

    private static float* Address(Tensor? factors) => factors is null ? null : factors.Address();
}
