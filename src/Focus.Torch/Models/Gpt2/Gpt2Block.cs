using static TorchSharp.torch;

namespace Focus;

/// <summary>A transformer block: tokens look at each other, then each is thought over, and both add to what was there.</summary>
internal sealed class Gpt2Block : nn.Module<Tensor, Tensor>
{
    private readonly LayerNormalization ln_1;
    private readonly Gpt2Attention attn;
    private readonly LayerNormalization ln_2;
    private readonly Gpt2FeedForward mlp;

    public Gpt2Block(Gpt2Config config, int layer, Generator generator) : base(nameof(Gpt2Block))
    {
        ln_1 = new LayerNormalization(config.Width, config.Bias);
        attn = new Gpt2Attention(config, layer, generator);
        ln_2 = new LayerNormalization(config.Width, config.Bias);
        mlp = new Gpt2FeedForward(config, generator);
        RegisterComponents();
    }

    public LayerNormalization AttentionNorm => ln_1;

    public Gpt2Attention Attention => attn;

    public LayerNormalization FeedForwardNorm => ln_2;

    public Gpt2FeedForward FeedForward => mlp;

    /// <summary>batch × time × width, in and out.</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope(); // What the backward pass needs, the graph keeps.
        x = x + attn.call(ln_1.call(x));
        x = x + mlp.call(ln_2.call(x));
        return x.MoveToOuterDisposeScope();
    }
}
