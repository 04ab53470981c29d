using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Focus.Benchmarks;

/// <summary>The peer of <see cref="Gpt2"/>: the same model as users of TorchSharp write it, with its own modules and functions, and numbers
/// and temporary tensors as they come.</summary>
internal sealed class PlainGpt2 : Module<Tensor, Tensor>
{
    private readonly Embedding wte, wpe;
    private readonly ModuleList<PlainBlock> h;
    private readonly LayerNorm ln_f;

    public PlainGpt2(Gpt2Config config) : base(nameof(PlainGpt2))
    {
        wte = Embedding(config.VocabularySize, config.Width);
        wpe = Embedding(config.BlockSize, config.Width);
        h = new ModuleList<PlainBlock>([.. Enumerable.Range(0, config.Layers).Select(_ => new PlainBlock(config.Width, config.Heads))]);
        ln_f = LayerNorm(config.Width, bias: false);
        RegisterComponents();
        using var _ = no_grad();
        foreach (var weight in parameters().Where(parameter => parameter.ndim == 2)) init.normal_(weight, 0, 0.02);
    }

    /// <summary>The logits, with the token embedding as the head.</summary>
    public override Tensor forward(Tensor tokens)
    {
        var x = wte.call(tokens) + wpe.call(arange(tokens.shape[1]));
        foreach (var block in h) x = block.call(x);
        return functional.linear(ln_f.call(x), wte.weight!);
    }

    public Tensor Loss(Tensor tokens, Tensor targets)
    {
        var logits = call(tokens);
        return functional.cross_entropy(logits.view(-1, logits.shape[^1]), targets.view(-1));
    }
}

/// <summary>A transformer block of <see cref="PlainGpt2"/>.</summary>
internal sealed class PlainBlock : Module<Tensor, Tensor>
{
    private readonly LayerNorm ln_1, ln_2;
    private readonly Linear c_attn, attn_proj, c_fc, mlp_proj;
    private readonly int heads;

    public PlainBlock(int width, int heads) : base(nameof(PlainBlock))
    {
        ln_1 = LayerNorm(width, bias: false);
        c_attn = Linear(width, 3 * width, hasBias: false);
        attn_proj = Linear(width, width, hasBias: false);
        ln_2 = LayerNorm(width, bias: false);
        c_fc = Linear(width, 4 * width, hasBias: false);
        mlp_proj = Linear(4 * width, width, hasBias: false);
        this.heads = heads;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = x + Attention(ln_1.call(x));
        return x + mlp_proj.call(functional.gelu(c_fc.call(ln_2.call(x)), TorchSharp.Modules.GELU.Approximate.tanh));
    }

    private Tensor Attention(Tensor x)
    {
        var (batch, time, width) = (x.shape[0], x.shape[1], x.shape[2]);
        Tensor Heads(Tensor part) => part.view(batch, time, heads, width / heads).transpose(1, 2);
        var qkv = c_attn.call(x).chunk(3, dim: -1);
        var y = functional.scaled_dot_product_attention(Heads(qkv[0]), Heads(qkv[1]), Heads(qkv[2]), is_casual: true);
        return attn_proj.call(y.transpose(1, 2).contiguous().view(batch, time, width));
    }
}
