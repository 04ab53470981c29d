using static TorchSharp.torch;

namespace Focus;

/// <summary>Two linear layers with a GELU between them, four times as wide in the middle.</summary>
internal sealed class Gpt2FeedForward : nn.Module<Tensor, Tensor>
{
    private readonly LinearLayer c_fc, c_proj;
    private readonly double dropout;

    public Gpt2FeedForward(Gpt2Config config, Generator generator) : base(nameof(Gpt2FeedForward))
    {
        c_fc = new LinearLayer(config.Width, 4 * config.Width, config.Bias, Gpt2Stack.WeightDeviation, generator);
        c_proj = new LinearLayer(4 * config.Width, config.Width, config.Bias, Gpt2Stack.WeightDeviation / Math.Sqrt(2 * config.Layers), generator);
        dropout = config.Dropout;
        RegisterComponents();
    }

    public LinearLayer Expansion => c_fc;

    public LinearLayer Projection => c_proj;

    /// <summary>batch × time × width, in and out.</summary>
    public override Tensor forward(Tensor x)
    {
        var y = FusedFeedForward.CanTake(x, this) ? FusedFeedForward.Apply(x, this) : c_proj.call(Operation.Gelu(c_fc.call(x)));
        return Operation.Dropout(y, dropout, training);
    }
}
