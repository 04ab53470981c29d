using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>x·Wᵀ + b, the bias being optional.</summary>
internal sealed class LinearLayer : nn.Module<Tensor, Tensor>
{
    // Named as they stand in state dictionaries.
    private readonly Parameter weight;
    private readonly Parameter? bias;

    /// <summary>A layer with weights from N(0, deviation²) and biases 0.</summary>
    public LinearLayer(int inputs, int outputs, bool bias, double deviation, Generator generator) : base(nameof(LinearLayer))
    {
        weight = new Parameter(empty(outputs, inputs).normal_(0, deviation, generator));
        this.bias = bias ? new Parameter(zeros(outputs)) : null;
        RegisterComponents();
    }

    /// <summary>outputs × inputs.</summary>
    public Parameter Weight => weight;

    /// <summary>outputs.</summary>
    public Parameter? Bias => bias;

    public override Tensor forward(Tensor input)
        => FusedLinear.CanTake(input, this) ? FusedLinear.Apply(input, this) : Operation.Linear(input, weight, bias);
}
