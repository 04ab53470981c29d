using static TorchSharp.torch;

namespace Focus;

/// <summary>Causal self-attention with several heads.</summary>
internal sealed class Gpt2Attention : nn.Module<Tensor, Tensor>
{
    private readonly LinearLayer c_attn; // queries, keys and values of all heads at once
    private readonly LinearLayer c_proj;
    private readonly double dropout;

    public Gpt2Attention(Gpt2Config config, int layer, Generator generator) : base(nameof(Gpt2Attention))
    {
        c_attn = new LinearLayer(config.Width, 3 * config.Width, config.Bias, Gpt2Stack.WeightDeviation, generator);
        c_proj = new LinearLayer(config.Width, config.Width, config.Bias, Gpt2Stack.WeightDeviation / Math.Sqrt(2 * config.Layers), generator);
        dropout = config.Dropout;
        Heads = config.Heads;
        Scale = 1 / Math.Sqrt(config.Width / config.Heads) / (config.ScaleAttentionByInverseLayerIndex ? layer + 1 : 1);
        RegisterComponents();
    }

    public LinearLayer QueriesKeysValues => c_attn;

    public LinearLayer Projection => c_proj;

    public int Heads { get; }

    /// <summary>What the products of queries and keys are multiplied by.</summary>
    public double Scale { get; }

    /// <summary>batch × time × width, in and out.</summary>
    public override Tensor forward(Tensor x)
    {
        var (projected, dropped) = (c_attn.call(x), training ? dropout : 0);
        var y = FusedAttention.CanTake(projected, Heads, dropped)
            ? FusedAttention.Apply(projected, Heads, Scale, dropped)
            : Operation.CausalAttention(projected, Heads, Scale, dropped);
        return Operation.Dropout(c_proj.call(y), dropout, training);
    }
}
