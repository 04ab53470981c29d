using static TorchSharp.torch;

namespace Focus;

/// <summary>Layer normalisation over the last dimension, forward and backward, for float32 on the CPU.</summary>
internal sealed unsafe class FusedLayerNorm : autograd.SingleTensorFunction<FusedLayerNorm>
{
    private const string Shifted = "shifted";

    public override string Name => nameof(FusedLayerNorm);

    public static bool CanTake(Tensor input, LayerNormalization norm)
        => input.IsSpannable() && norm.Scale.IsSpannable() && input.shape[^1] == norm.Scale.shape[0];

    public static Tensor Apply(Tensor input, LayerNormalization norm) => apply(input, norm.Scale, norm.Shift!);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, scale, shift) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor?)vars[2]);
        var rows = input.AsRows();
        Tensor output = empty_like(input), statistics = empty(rows.shape[0], 2);
        LayerNormKernels.Forward(
            input.Address(), scale.Address(), shift is null ? null : shift.Address(), output.Address(), statistics.Address(),
            (int)rows.shape[0], (int)rows.shape[1], (float)LayerNormalization.Epsilon);
        ctx.save_for_backward([input, scale, statistics]);
        ctx.save_data(Shifted, shift is not null);
        return output;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor outputGradient)
    {
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        var (input, scale, statistics) = (saved[0], saved[1], saved[2]);
        Tensor inputGradient = empty_like(input), scaleGradient = empty(scale.shape), shiftGradient = empty(scale.shape);
        var dense = outputGradient.contiguous();
        LayerNormKernels.Backward(
            dense.Address(), input.Address(), scale.Address(), statistics.Address(),
            inputGradient.Address(), scaleGradient.Address(), shiftGradient.Address(), (int)statistics.shape[0], (int)scale.shape[0]);
        return
        [
            inputGradient.MoveToOuterDisposeScope(), scaleGradient.MoveToOuterDisposeScope(),
            (bool)ctx.get_data(Shifted) ? shiftGradient.MoveToOuterDisposeScope() : null!,
        ];
    }
}
