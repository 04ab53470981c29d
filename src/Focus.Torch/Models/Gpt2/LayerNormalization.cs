using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Layer normalisation over the last dimension; unlike PyTorch's it may go without a bias.</summary>
internal sealed class LayerNormalization : nn.Module<Tensor, Tensor>
{
    public const double Epsilon = 1e-5;

    // Named as they stand in state dictionaries.
    private readonly Parameter weight;
    private readonly Parameter? bias;

    public LayerNormalization(int features, bool bias) : base(nameof(LayerNormalization))
    {
        weight = new Parameter(ones(features));
        this.bias = bias ? new Parameter(zeros(features)) : null;
        RegisterComponents();
    }

    public Parameter Scale => weight;

    public Parameter? Shift => bias;

    public override Tensor forward(Tensor input)
        => FusedLayerNorm.CanTake(input, this) ? FusedLayerNorm.Apply(input, this) : Operation.LayerNorm(input, weight, bias, Epsilon);
}
