using static TorchSharp.torch;

namespace Focus;

/// <summary>A linear layer that adds to its parameters' gradients itself, for float32 on the CPU.</summary>
internal sealed class FusedLinear : autograd.SingleTensorFunction<FusedLinear>
{
    private const string Layer = "layer";

    public override string Name => nameof(FusedLinear);

    public static bool CanTake(Tensor input, LinearLayer layer)
        => input.IsSpannable() && layer.Weight.IsSpannable() && input.shape[^1] == layer.Weight.shape[1] && ParameterGradients.AreReached(input);

    /// <summary>x·Wᵀ + b over the last dimension.</summary>
    public static Tensor Apply(Tensor input, LinearLayer layer) => apply(input, layer);

    /// <summary>x·Wᵀ + b of a matrix.</summary>
    public static Tensor Product(Tensor rows, LinearLayer layer)
        => layer.Bias is null ? rows.mm(layer.Weight.t()) : layer.Bias.addmm(rows, layer.Weight.t());

    /// <summary>Adds the gradients of weight and bias, given those of the output.</summary>
    public static void AddGradients(LinearLayer layer, Tensor outputGradient, Tensor input)
    {
        ParameterGradients.AddProduct(layer.Weight, outputGradient.t(), input);
        ParameterGradients.AddRows(layer.Bias, outputGradient);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, layer) = ((Tensor)vars[0], (LinearLayer)vars[1]);
        ctx.save_for_backward([input]);
        ctx.save_data(Layer, layer);
        return Product(input.AsRows(), layer).view([.. input.shape[..^1], layer.Weight.shape[0]]);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor outputGradient)
    {
        using var scope = NewDisposeScope();
        var input = ctx.get_saved_variables()[0];
        var layer = (LinearLayer)ctx.get_data(Layer);
        var gradient = outputGradient.contiguous().AsRows();
        AddGradients(layer, gradient, input.AsRows());
        return [gradient.mm(layer.Weight).view(input.shape).MoveToOuterDisposeScope(), null!];
    }
}
