using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Focus;

/// <summary>The sizes and choices that make a GPT-2.</summary>
/// <remarks>The defaults are GPT-2 small as the paper trains it (arXiv:2501.12243): no biases, attention scaled by inverse layer index.</remarks>
public sealed record Gpt2Config
{
    /// <summary>The largest width whose feed-forward layer, four times as wide, still has an int size.</summary>
    private const int WidestWidth = int.MaxValue / 4;

    /// <summary>Above it, the parameters' bytes are beyond counting.</summary>
    private const long LargestCount = long.MaxValue / sizeof(float);

    /// <summary>GPT-2 small: 124 M parameters.</summary>
    public static Gpt2Config Small { get; } = new();

    /// <summary>GPT-2 medium: 354 M parameters.</summary>
    public static Gpt2Config Medium { get; } = new() { Layers = 24, Heads = 16, Width = 1024 };

    /// <summary>GPT-2 large: 773 M parameters.</summary>
    public static Gpt2Config Large { get; } = new() { Layers = 36, Heads = 20, Width = 1280 };

    /// <summary>GPT-2 XL: 1557 M parameters.</summary>
    public static Gpt2Config XL { get; } = new() { Layers = 48, Heads = 25, Width = 1600 };

    /// <summary>The longest sequence, in tokens, ≥ 1.</summary>
    public int BlockSize { get; init; } = 1024;

    /// <summary>Token ids lie below it; ≥ 1. The default is GPT-2's 50257 padded to a multiple of 64.</summary>
    public int VocabularySize { get; init; } = 50304;

    /// <summary>Transformer blocks, ≥ 1.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>Attention heads of each block, ≥ 1; a divisor of <see cref="Width"/>.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Features of each token between the blocks, from 1 to 2²⁹ − 1.</summary>
    public int Width { get; init; } = 768;

    /// <summary>Whether linear layers and layer norms have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>Whether attention logits are divided by the block's number, counted from 1, too.</summary>
    public bool ScaleAttentionByInverseLayerIndex { get; init; } = true;

    /// <summary>The share of embedded tokens, attention weights and block outputs dropped in training, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>Whether the output head is the token embedding.</summary>
    public bool TiedHead { get; init; } = true;

    /// <summary>The number of parameters, positions included, of a valid configuration.</summary>
    public long ParameterCount => (long)ExactParameterCount;

    private Int128 ExactParameterCount
    {
        get
        {
            Int128 width = Width, biases = Bias ? 1 : 0;
            var norm = width * (1 + biases);
            var block = 2 * norm + 12 * width * width + 9 * width * biases;
            return (VocabularySize * (TiedHead ? 1L : 2L) + BlockSize) * width + Layers * block + norm;
        }
    }

    /// <summary>Checks every size against its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is out of range; the message names it, its value and the range.</exception>
    /// <exception cref="ArgumentException">The heads do not divide the width, or there are more parameters than can be counted.</exception>
    public void Validate()
    {
        Check.AtLeast(1, BlockSize);
        Check.AtLeast(1, VocabularySize);
        Check.AtLeast(1, Layers);
        Check.AtLeast(1, Heads);
        Check.Between(1, WidestWidth, Width);
        Check.Fraction(Dropout);
        if (Width % Heads != 0)
            throw new ArgumentException($"{nameof(Heads)} is {Heads} and {nameof(Width)} {Width}; expected a width that is a multiple of the heads.");
        if (ExactParameterCount > LargestCount)
            throw new ArgumentException($"The model would have {ExactParameterCount} parameters; expected at most {LargestCount}.");
    }
}

/// <summary>GPT-2: a decoder-only transformer with learned positions and pre-norm blocks.</summary>
/// <remarks>
/// Architecture, initialisation and parameter names (<c>transformer.wte.weight</c>, <c>transformer.h.{i}.attn.c_attn.weight</c>, …) are
/// nanoGPT's; attention may be scaled by the inverse layer index, as the paper does (arXiv:2501.12243). Linear and embedding weights are
/// drawn from N(0, 0.02²), output projections of the blocks from N(0, (0.02/√(2·layers))²); biases are 0, scales 1.
/// </remarks>
public sealed class Gpt2 : Module<Tensor, Tensor>
{
    // Fields of modules are named as in state dictionaries.
    private readonly Gpt2Stack transformer;
    private readonly Linear? lm_head;
    private readonly MemoryPressure pressure;

    /// <summary>Creates the model with fresh weights.</summary>
    /// <param name="config">Sizes and choices.</param>
    /// <param name="seed">Seeds the weights; models of the same configuration and seed are equal.</param>
    /// <exception cref="ArgumentException">The configuration is not valid.</exception>
    public Gpt2(Gpt2Config config, long seed = 0) : this(config, seed, CPU)
    {
    }

    private Gpt2(Gpt2Config config, long seed, Device device) : base(nameof(Gpt2))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        Config = config;
        using var initializer = new Gpt2Initializer(seed, device);
        transformer = new Gpt2Stack(config, initializer);
        lm_head = config.TiedHead ? null : initializer.Linear(config.Width, config.VocabularySize, bias: false);
        RegisterComponents();
        foreach (var tensor in state_dict().Values) tensor.DetachFromDisposeScope(); // The model lives until it is disposed itself.
        pressure = new MemoryPressure(state_dict().Values);
    }

    /// <summary>The sizes and choices the model was made with.</summary>
    public Gpt2Config Config { get; }

    /// <summary>The weights that turn features into logits: vocabulary × width.</summary>
    internal Parameter Head => lm_head?.weight ?? transformer.TokenEmbedding;

    /// <summary>A model that has shapes, but no weights and so no need of memory.</summary>
    internal static Gpt2 Blueprint(Gpt2Config config) => new(config, seed: 0, META);

    /// <summary>Computes the logits of the next token at every position.</summary>
    /// <param name="tokens">batch × time, int64; time ≤ <see cref="Gpt2Config.BlockSize"/>.</param>
    /// <returns>batch × time × vocabulary, of the weights' type.</returns>
    /// <exception cref="ArgumentException">The tokens are of another type or shape or on another device, or an id is not in the vocabulary.</exception>
    public override Tensor forward(Tensor tokens)
    {
        RequireTokens(tokens);
        using var scope = NewDisposeScope();
        return functional.linear(transformer.call(tokens, null), Head).MoveToOuterDisposeScope();
    }

    /// <summary>The mean cross-entropy of the targets, in nats.</summary>
    /// <param name="tokens">batch × time, int64; time ≤ <see cref="Gpt2Config.BlockSize"/>.</param>
    /// <param name="targets">batch × time, int64: the token that follows each one, or -1 for positions to leave out.</param>
    /// <returns>A scalar, float32 (float64 for a model of that type); NaN where every target is -1.</returns>
    /// <inheritdoc cref="forward" path="/exception"/>
    public Tensor Loss(Tensor tokens, Tensor targets)
    {
        RequireTokens(tokens);
        RequireTargets(targets, tokens);
        return LossOfChecked(tokens, targets);
    }

    /// <summary>The cross-entropy of each target, in nats, without gradients.</summary>
    /// <returns>batch × time, float32 (float64 for a model of that type); 0 where the target is -1.</returns>
    /// <inheritdoc cref="Loss"/>
    public Tensor TokenLosses(Tensor tokens, Tensor targets)
    {
        RequireTokens(tokens);
        RequireTargets(targets, tokens);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return ChunkedCrossEntropy.Losses(transformer.call(tokens, null), Head, targets).MoveToOuterDisposeScope();
    }

    /// <summary>The parameters by what they are for. The weights of linear layers decay; embeddings (so a tied head too), layer norms and biases do
    /// not. The attention's input weights are three matrices, one below the other, each with the rows of all heads.</summary>
    public IReadOnlyList<ParameterGroup> ParameterGroups()
    {
        var parameters = named_parameters().ToLookup(named => KindOf(named.name), named => named.parameter);
        ParameterGroup[] groups =
        [
            new(parameters["attention"]) { Role = ParameterRole.HiddenMatrix, StackedMatrices = 3, Heads = Config.Heads },
            new(parameters["hidden"]) { Role = ParameterRole.HiddenMatrix },
            new(parameters["head"]) { Role = ParameterRole.Head },
            new(parameters["embedding"]) { Role = ParameterRole.Embedding, WeightDecay = 0 },
            new(parameters["other"]) { Role = ParameterRole.GainOrBias, WeightDecay = 0 },
        ];
        return [.. groups.Where(group => group.Parameters.Count > 0)];

        static string KindOf(string name) => name.Split('.') switch
        {
            [.., "c_attn", "weight"] => "attention",
            [.., "c_proj" or "c_fc", "weight"] => "hidden",
            ["lm_head", ..] => "head",
            [_, "wte" or "wpe", ..] => "embedding",
            _ => "other",
        };
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing) pressure.Dispose();
    }

    /// <summary><see cref="Loss"/> of tokens and targets that come from a source which has checked them: looking at ids takes a wait for the
    /// device.</summary>
    /// <param name="tokens">As for <see cref="Loss"/>.</param>
    /// <param name="targets">As for <see cref="Loss"/>.</param>
    /// <param name="gradientScale">The factor by which the loss is multiplied before it is differentiated.</param>
    internal Tensor LossOfChecked(Tensor tokens, Tensor targets, double gradientScale = 1)
    {
        using var scope = NewDisposeScope();
        return ChunkedCrossEntropy.Mean(transformer.call(tokens, null), Head, targets, gradientScale: gradientScale).MoveToOuterDisposeScope();
    }

    /// <summary>Tokens drawn from the model's own output after each token, by torch's generator.</summary>
    internal Tensor SampleTargets(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return ChunkedCrossEntropy.Sample(transformer.call(tokens, null), Head).view(tokens.shape).MoveToOuterDisposeScope();
    }

    /// <summary>The logits after the last of some tokens, which follow those in the caches and join them there.</summary>
    /// <param name="tokens">1 × time, int64, in the vocabulary.</param>
    /// <param name="caches">One for each block.</param>
    /// <returns>vocabulary.</returns>
    internal Tensor NextLogits(Tensor tokens, KeyValueCache[] caches)
    {
        using var scope = NewDisposeScope();
        return functional.linear(transformer.call(tokens, caches)[0, ^1], Head).MoveToOuterDisposeScope();
    }

    private void RequireTokens(Tensor tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.ndim != 2 || tokens.numel() == 0)
            throw new ArgumentException($"The tokens have shape {tokens.shape.ShapeText()}; expected batch × time, neither of them 0.", nameof(tokens));
        if (tokens.shape[1] > Config.BlockSize)
            throw new ArgumentException(
                $"The sequences have {tokens.shape[1]} tokens; the model takes at most {Config.BlockSize} ({nameof(Gpt2Config.BlockSize)}).", nameof(tokens));
        tokens.RequireDevice(Head, nameof(tokens));
        RequireIds(tokens, "tokens", least: 0);
    }

    private void RequireTargets(Tensor targets, Tensor tokens)
    {
        ArgumentNullException.ThrowIfNull(targets);
        if (!targets.shape.AsSpan().SequenceEqual(tokens.shape))
            throw new ArgumentException($"The targets have shape {targets.shape.ShapeText()}; expected that of the tokens, {tokens.shape.ShapeText()}.", nameof(targets));
        RequireIds(targets, "targets", least: -1);
    }

    private void RequireIds(Tensor ids, string name, int least)
    {
        if (ids.dtype != ScalarType.Int64) throw new ArgumentException($"The {name} have type {ids.dtype}; expected Int64.", name);
        using Tensor lowest = ids.min(), highest = ids.max();
        var found = lowest.ToInt64() < least ? lowest : highest;
        if (found.ToInt64() < least || found.ToInt64() >= Config.VocabularySize)
            throw new ArgumentException($"Among the {name} is {found.ToInt64()}; expected ids from {least} to {Config.VocabularySize - 1}.", name);
    }
}

/// <summary>The layers before the output head: batch × time token ids in, batch × time × width features out.</summary>
internal sealed class Gpt2Stack : Module<Tensor, KeyValueCache[]?, Tensor>
{
    private readonly Gpt2Embedding wte, wpe; // of tokens and of positions
    private readonly ModuleList<Gpt2Block> h;
    private readonly LayerNorm ln_f;
    private readonly double dropout;

    public Gpt2Stack(Gpt2Config config, Gpt2Initializer initializer) : base(nameof(Gpt2Stack))
    {
        wte = new Gpt2Embedding(config.VocabularySize, config.Width, initializer);
        wpe = new Gpt2Embedding(config.BlockSize, config.Width, initializer);
        h = new ModuleList<Gpt2Block>([.. Enumerable.Range(0, config.Layers).Select(layer => new Gpt2Block(config, layer, initializer))]);
        ln_f = initializer.LayerNorm(config.Width, config.Bias);
        dropout = config.Dropout;
        RegisterComponents();
    }

    public Parameter TokenEmbedding => wte.Weight;

    public override Tensor forward(Tensor tokens, KeyValueCache[]? caches)
    {
        var start = caches is null ? 0 : caches[0].Length;
        var x = functional.dropout(wte.call(tokens).add(wpe.Rows(start, tokens.shape[1]), LiveScalar.One), dropout, training);
        for (var layer = 0; layer < h.Count; layer++) x = h[layer].call(x, caches?[layer]);
        return ln_f.call(x);
    }
}

/// <summary>A transformer block: attention and feed-forward, each after a layer norm and beside a residual connection.</summary>
internal sealed class Gpt2Block : Module<Tensor, KeyValueCache?, Tensor>
{
    private readonly LayerNorm ln_1, ln_2;
    private readonly Gpt2Attention attn;
    private readonly Gpt2FeedForward mlp;

    public Gpt2Block(Gpt2Config config, int layer, Gpt2Initializer initializer) : base(nameof(Gpt2Block))
    {
        ln_1 = initializer.LayerNorm(config.Width, config.Bias);
        attn = new Gpt2Attention(config, layer, initializer);
        ln_2 = initializer.LayerNorm(config.Width, config.Bias);
        mlp = new Gpt2FeedForward(config, initializer);
        RegisterComponents();
    }

    /// <summary>batch × time × width, in and out.</summary>
    public override Tensor forward(Tensor x, KeyValueCache? cache)
    {
        using var scope = NewDisposeScope(); // What the backward pass needs, the graph keeps.
        x = x.add(attn.call(ln_1.call(x), cache), LiveScalar.One);
        x = x.add(mlp.call(ln_2.call(x)), LiveScalar.One);
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>Causal self-attention with several heads.</summary>
internal sealed class Gpt2Attention : Module<Tensor, KeyValueCache?, Tensor>
{
    private readonly Linear c_attn; // queries, keys and values of all heads at once
    private readonly Linear c_proj;
    private readonly int heads;
    private readonly double dropout;
    private readonly Scalar? queryScale; // besides the usual 1/√(width of a head)

    public Gpt2Attention(Gpt2Config config, int layer, Gpt2Initializer initializer) : base(nameof(Gpt2Attention))
    {
        c_attn = initializer.Linear(config.Width, 3 * config.Width, config.Bias);
        c_proj = initializer.Linear(config.Width, config.Width, config.Bias, residualLayers: 2 * config.Layers);
        (heads, dropout) = (config.Heads, config.Dropout);
        if (config.ScaleAttentionByInverseLayerIndex && layer > 0) queryScale = 1.0 / (layer + 1);
        RegisterComponents();
    }

    /// <summary>batch × time × width, in and out.</summary>
    public override Tensor forward(Tensor x, KeyValueCache? cache)
    {
        var (batch, time, width) = (x.shape[0], x.shape[1], x.shape[2]);
        var qkv = c_attn.call(x).view(batch, time, 3, heads, width / heads).permute(2, 0, 3, 1, 4); // 3 × batch × heads × time × head
        Tensor q = qkv[0], k = qkv[1], v = qkv[2];
        if (queryScale is not null) q = q.mul(queryScale);
        if (cache is not null) (k, v) = cache.Append(k, v);
        var earlier = k.shape[2] - time;
        // A single token may see all that is there; several see the earlier ones and, of each other, those before them.
        using var mask = earlier > 0 && time > 1 ? ones(time, earlier + time, ScalarType.Bool, x.device).tril(earlier) : null;
        var y = functional.scaled_dot_product_attention(q, k, v, mask, training ? dropout : 0, is_casual: earlier == 0 && time > 1);
        return functional.dropout(c_proj.call(y.transpose(1, 2).reshape(batch, time, width)), dropout, training);
    }
}

/// <summary>Two linear layers with a GELU between them, four times as wide in the middle.</summary>
internal sealed class Gpt2FeedForward : Module<Tensor, Tensor>
{
    private readonly Linear c_fc, c_proj;
    private readonly double dropout;

    public Gpt2FeedForward(Gpt2Config config, Gpt2Initializer initializer) : base(nameof(Gpt2FeedForward))
    {
        c_fc = initializer.Linear(config.Width, 4 * config.Width, config.Bias);
        c_proj = initializer.Linear(4 * config.Width, config.Width, config.Bias, residualLayers: 2 * config.Layers);
        dropout = config.Dropout;
        RegisterComponents();
    }

    /// <summary>batch × time × width, in and out.</summary>
    public override Tensor forward(Tensor x)
        => functional.dropout(c_proj.call(functional.gelu(c_fc.call(x), TorchSharp.Modules.GELU.Approximate.tanh)), dropout, training);
}

/// <summary>A learned vector for each id; unlike TorchSharp's its weight is one object, which can be the output head, too.</summary>
internal sealed class Gpt2Embedding : Module<Tensor, Tensor>
{
    private readonly Parameter weight;

    public Gpt2Embedding(int count, int width, Gpt2Initializer initializer) : base(nameof(Gpt2Embedding))
    {
        weight = initializer.Normal(count, width, Gpt2Initializer.Deviation);
        RegisterComponents();
    }

    /// <summary>count × width.</summary>
    public Parameter Weight => weight;

    public Tensor Rows(long start, long length) => weight.narrow(0, start, length);

    public override Tensor forward(Tensor ids) => weight.index_select(0, ids.reshape(-1)).view([.. ids.shape, weight.shape[1]]);
}

/// <summary>Layers with fresh weights, drawn from a generator of the model's own, so that equal seeds give equal models whatever else
/// runs.</summary>
internal sealed class Gpt2Initializer(long seed, Device device) : IDisposable
{
    public const double Deviation = 0.02;

    /// <summary>What layer norms add to variances.</summary>
    public const double NormEpsilon = 1e-5;

    private readonly Generator generator = new((ulong)seed);

    public Parameter Normal(int rows, int columns, double deviation)
        => new(empty(rows, columns, device: device).normal_(0, deviation, generator));

    public Linear Linear(int inputs, int outputs, bool bias, int residualLayers = 1)
        => nn.Linear(Normal(outputs, inputs, Deviation / Math.Sqrt(residualLayers)), bias ? new Parameter(zeros(outputs, device: device)) : null);

    public LayerNorm LayerNorm(int width, bool bias) => nn.LayerNorm(width, NormEpsilon, bias: bias, device: device);

    public void Dispose() => generator.Dispose();
}
