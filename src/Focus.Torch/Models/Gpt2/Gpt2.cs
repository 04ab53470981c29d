using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>GPT-2: a decoder-only transformer with learned positions and pre-norm blocks.</summary>
/// <remarks>
/// Architecture, initialisation and parameter names (<c>transformer.wte.weight</c>, <c>transformer.h.{i}.attn.c_attn.weight</c>, …) are
/// nanoGPT's; attention may be scaled by the inverse layer index, as the paper does (arXiv:2501.12243). Linear and embedding weights are
/// drawn from N(0, 0.02²), output projections of the blocks from N(0, (0.02/√(2·layers))²); biases are 0, scales 1.
/// </remarks>
public sealed class Gpt2 : nn.Module<Tensor, Tensor>
{
    // Named as they stand in state dictionaries.
    private readonly Gpt2Stack transformer;
    private readonly LinearLayer? lm_head;

    /// <summary>Creates the model with fresh weights.</summary>
    /// <param name="config">Sizes and choices.</param>
    /// <param name="seed">Seeds the weights; models of the same configuration and seed are equal.</param>
    /// <exception cref="ArgumentException">The configuration is not valid.</exception>
    public Gpt2(Gpt2Config config, long seed = 0) : base(nameof(Gpt2))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        Config = config;
        using var generator = new Generator((ulong)seed);
        transformer = new Gpt2Stack(config, generator);
        lm_head = config.TiedHead ? null : new LinearLayer(config.Width, config.VocabularySize, bias: false, Gpt2Stack.WeightDeviation, generator);
        RegisterComponents();
        foreach (var tensor in state_dict().Values) tensor.DetachFromDisposeScope(); // The model lives until it is disposed itself.
    }

    /// <summary>The sizes and choices the model was made with.</summary>
    public Gpt2Config Config { get; }

    /// <summary>The layers before the output head.</summary>
    internal Gpt2Stack Transformer => transformer;

    /// <summary>The weights that turn features into logits: vocabulary × width.</summary>
    internal Parameter Head => lm_head?.Weight ?? transformer.TokenEmbedding.Weight;

    /// <summary>Computes the logits of the next token at every position.</summary>
    /// <param name="tokens">batch × time, int64; time ≤ <see cref="Gpt2Config.BlockSize"/>.</param>
    /// <returns>batch × time × vocabulary, of the weights' type.</returns>
    /// <exception cref="ArgumentException">The tokens are of another type or shape, or an id is not in the vocabulary.</exception>
    public override Tensor forward(Tensor tokens)
    {
        Gpt2Input.RequireTokens(tokens, Config);
        using var scope = NewDisposeScope();
        return Operation.Linear(transformer.call(tokens), Head).MoveToOuterDisposeScope();
    }

    /// <summary>The mean cross-entropy of the targets, in nats.</summary>
    /// <param name="tokens">batch × time, int64; time ≤ <see cref="Gpt2Config.BlockSize"/>.</param>
    /// <param name="targets">batch × time, int64: the token that follows each one, or -1 for positions to leave out.</param>
    /// <returns>A scalar, float32 (float64 for a model of that type); NaN where every target is -1.</returns>
    /// <inheritdoc cref="forward" path="/exception"/>
    public Tensor Loss(Tensor tokens, Tensor targets)
    {
        Gpt2Input.RequireTokens(tokens, Config);
        Gpt2Input.RequireTargets(targets, tokens, Config);
        using var scope = NewDisposeScope();
        var features = transformer.call(tokens);
        var loss = FusedCrossEntropy.CanTake(features, Head, targets)
            ? FusedCrossEntropy.Apply(features, Head, targets)
            : Operation.CrossEntropy(features, Head, targets);
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>The cross-entropy of each target, in nats, without gradients.</summary>
    /// <returns>batch × time, float32 (float64 for a model of that type); 0 where the target is -1.</returns>
    /// <inheritdoc cref="Loss"/>
    public Tensor TokenLosses(Tensor tokens, Tensor targets)
    {
        Gpt2Input.RequireTokens(tokens, Config);
        Gpt2Input.RequireTargets(targets, tokens, Config);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var features = transformer.call(tokens);
        var losses = FusedCrossEntropy.CanTake(features, Head, targets)
            ? FusedCrossEntropy.Losses(features, Head, targets)
            : Operation.CrossEntropies(features, Head, targets);
        return losses.MoveToOuterDisposeScope();
    }

    /// <summary>The parameters in two groups: the weights of linear layers, which decay, and embeddings (so a tied head too), layer norms
    /// and biases, which do not.</summary>
    public IReadOnlyList<ParameterGroup> ParameterGroups()
    {
        var layers = modules().OfType<LinearLayer>().ToList();
        var decayed = layers.Select(layer => layer.Weight).ToList();
        var handles = decayed.Select(weight => weight.Handle).ToHashSet();
        return
        [
            new ParameterGroup(decayed),
            new ParameterGroup(parameters().Where(parameter => !handles.Contains(parameter.Handle))) { WeightDecay = 0 },
        ];
    }
}
