using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>PyTorch's BatchNorm1d with its default settings, with parameters and buffers at hand for fused kernels.</summary>
internal sealed class BatchNormalization : nn.Module<Tensor, Tensor>
{
    public const float Epsilon = 1e-5f;

    /// <summary>The weight of a batch in the running statistics.</summary>
    public const float Momentum = 0.1f;

    // Named as PyTorch names them in state dictionaries.
    private readonly Parameter weight, bias;
    private readonly Tensor running_mean, running_var;

    public BatchNormalization(int features) : base(nameof(BatchNormalization))
    {
        weight = new Parameter(ones(features));
        bias = new Parameter(zeros(features));
        running_mean = zeros(features);
        running_var = ones(features);
        RegisterComponents();
    }

    public Parameter Scale => weight;

    public Parameter Shift => bias;

    public Tensor RunningMean => running_mean;

    public Tensor RunningVariance => running_var;

    public override Tensor forward(Tensor input)
        => nn.functional.batch_norm(input, running_mean, running_var, weight, bias, training, Momentum, Epsilon);
}
