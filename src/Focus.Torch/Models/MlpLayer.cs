using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>One layer of <see cref="Mlp"/>: ReLU (but for the first layer), batch normalisation (where asked for), linear.</summary>
internal sealed class MlpLayer : nn.Module<Tensor, Tensor>
{
    // Named as they stand in state dictionaries.
    private readonly Parameter weight, bias;
    private readonly BatchNormalization? norm;
    private readonly bool rectifyInput;

    public MlpLayer(int inputs, int outputs, bool normalizeInput, bool rectifyInput, Generator generator) : base(nameof(MlpLayer))
    {
        // As PyTorch initialises linear layers, but from a generator of our own, so that networks can be made in parallel.
        var bound = 1 / Math.Sqrt(inputs);
        weight = new Parameter(empty(outputs, inputs).uniform_(-bound, bound, generator));
        bias = new Parameter(empty(outputs).uniform_(-bound, bound, generator));
        norm = normalizeInput ? new BatchNormalization(inputs) : null;
        this.rectifyInput = rectifyInput;
        RegisterComponents();
    }

    public Parameter Weight => weight;

    public IEnumerable<Parameter> Undecayed => norm is null ? [bias] : [bias, .. norm.parameters()];

    public override Tensor forward(Tensor input)
    {
        if (norm is not null && Fits(input))
        {
            if (training && NormalizedLinear.CanTrain(input))
                return NormalizedLinear.Train(input, norm, weight, bias, rectifyInput);
            if (!training && !is_grad_enabled() && NormalizedLinear.CanEvaluate(input))
                return NormalizedLinear.Evaluate(input, norm, weight, bias, rectifyInput);
        }
        if (rectifyInput) input = input.relu();
        if (norm is not null) input = norm.call(input);
        return nn.functional.linear(input, weight, bias);
    }

    /// <summary>Whether the fused kernels may read the weights, and find as many as the input needs; torch's own layers say what is
    /// wrong.</summary>
    private bool Fits(Tensor input) => weight.IsSpannable() && input.ndim == 2 && input.shape[1] == weight.shape[1];
}
