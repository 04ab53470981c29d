using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The layers of <see cref="Gpt2"/> before the output head: tokens in, features out.</summary>
internal sealed class Gpt2Stack : nn.Module<Tensor, Tensor>
{
    /// <summary>The standard deviation of fresh weights.</summary>
    public const double WeightDeviation = 0.02;

    private readonly EmbeddingTable wte, wpe; // of tokens and of positions
    private readonly ModuleList<Gpt2Block> h;
    private readonly LayerNormalization ln_f;
    private readonly double dropout;

    public Gpt2Stack(Gpt2Config config, Generator generator) : base(nameof(Gpt2Stack))
    {
        wte = new EmbeddingTable(config.VocabularySize, config.Width, WeightDeviation, generator);
        wpe = new EmbeddingTable(config.BlockSize, config.Width, WeightDeviation, generator);
        h = new ModuleList<Gpt2Block>([.. Enumerable.Range(0, config.Layers).Select(layer => new Gpt2Block(config, layer, generator))]);
        ln_f = new LayerNormalization(config.Width, config.Bias);
        dropout = config.Dropout;
        RegisterComponents();
    }

    public EmbeddingTable TokenEmbedding => wte;

    public EmbeddingTable PositionEmbedding => wpe;

    public ModuleList<Gpt2Block> Blocks => h;

    public LayerNormalization FinalNorm => ln_f;

    /// <summary>batch × time token ids → batch × time × width features.</summary>
    public override Tensor forward(Tensor tokens)
    {
        using var positions = arange(tokens.shape[1], ScalarType.Int64, tokens.device);
        var x = Operation.Dropout(wte.call(tokens) + wpe.call(positions), dropout, training);
        foreach (var block in h) x = block.call(x);
        return ln_f.call(x);
    }
}
