using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>One layer of <see cref="Mlp"/>: ReLU (but for the first layer), batch normalisation (where asked for), linear.</summary>
internal sealed class MlpLayer : nn.Module<Tensor, Tensor>
{
    private readonly BatchNorm1d? norm;
    private readonly Linear linear;
    private readonly bool rectifyInput;

    public MlpLayer(int inputs, int outputs, bool normalizeInput, bool rectifyInput, Generator generator) : base(nameof(MlpLayer))
    {
        norm = normalizeInput ? nn.BatchNorm1d(inputs, Mlp.NormEpsilon, Mlp.NormMomentum) : null;
        linear = nn.Linear(inputs, outputs);
        this.rectifyInput = rectifyInput;
        Initialize(1 / Math.Sqrt(inputs), generator);
        RegisterComponents();
    }

    public Parameter Weight => linear.weight;

    public IEnumerable<Parameter> Undecayed => norm is null ? [linear.bias] : [linear.bias, norm.weight, norm.bias];

    public override Tensor forward(Tensor input)
    {
        if (norm is not null && NormalizedLinear.Supports(input))
        {
            if (training) return NormalizedLinear.Train(input, norm, linear, rectifyInput);
            if (!is_grad_enabled()) return NormalizedLinear.Evaluate(input, norm, linear, rectifyInput);
        }
        if (rectifyInput) input = input.relu();
        if (norm is not null) input = norm.call(input);
        return linear.call(input);
    }

    /// <summary>As PyTorch initialises linear layers, but from a generator of our own, so that networks can be made in parallel.</summary>
    private void Initialize(double bound, Generator generator)
    {
        using var _ = no_grad();
        linear.weight.uniform_(-bound, bound, generator);
        linear.bias.uniform_(-bound, bound, generator);
    }
}
