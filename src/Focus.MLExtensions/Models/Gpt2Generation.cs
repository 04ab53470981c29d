using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>How text is continued: how tokens are chosen, and when to stop.</summary>
public sealed record GenerationOptions
{
    /// <summary>The most tokens to generate, ≥ 1.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>What the logits are divided by, finite and ≥ 0: below 1 the likely tokens become likelier; 0 always takes the
    /// likeliest.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>How many of the likeliest tokens to choose among, ≥ 1, or null for all.</summary>
    public int? TopK { get; init; }

    /// <summary>The probability, in (0, 1], that the likeliest tokens must reach together; the others are left out (nucleus sampling).
    /// Where <see cref="TopK"/> is set too, it is a share of what that leaves.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Only tokens with ids below this number are chosen; ≥ 1, null for all. Set it where the model has more tokens than its
    /// tokenizer, such as 50,304 and 50,257: the tokenizer cannot decode the rest.</summary>
    public int? TokenCount { get; init; }

    /// <summary>Seeds the choices: equal seeds give equal texts on the same machine. Null takes a new seed each time.</summary>
    public long? Seed { get; init; }

    /// <summary>The token that ends the text, such as 50256 for GPT-2's vocabulary, in [0, vocabulary); it is not returned. Null never stops
    /// early.</summary>
    public int? StopToken { get; init; }

    /// <summary>Ends the generation with an <see cref="OperationCanceledException"/> before the next token.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>Checks every option against its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is out of range; the message names it, its value and the range.</exception>
    public void Validate()
    {
        Check.AtLeast(1, MaxTokens);
        Check.NonNegative(Temperature);
        Check.AtLeast(1, TopK);
        if (TopP is not (> 0 and <= 1)) throw Check.OutOfRange(nameof(TopP), TopP, "above 0 and at most 1");
        Check.AtLeast(1, TokenCount);
        Check.AtLeast(0, StopToken);
    }

    /// <summary>Checks every option against its range, given the model.</summary>
    /// <inheritdoc cref="Validate()" path="/exception"/>
    internal void Validate(Gpt2Config model)
    {
        Validate();
        if (StopToken >= model.VocabularySize)
            throw Check.OutOfRange(nameof(StopToken), StopToken, $"the model's vocabulary, 0 to {model.VocabularySize - 1}, or null");
    }
}

/// <summary>Continues texts with a <see cref="Gpt2"/>.</summary>
public static class Gpt2Generator
{
    /// <summary>Generates tokens one by one, each when it is asked for.</summary>
    /// <remarks>
    /// <para>A token sees all before it while they fit the model's block, and costs one token's work. When the block is full, the last half
    /// of it is read anew, at the positions from 0 on, and the text goes on from there; so a token sees from half a block to a block of
    /// what was before it, and a long text costs at most two tokens' work a token. Of a prompt longer than a block, the last block is
    /// read.</para>
    /// <para>Nothing is dropped out, no gradients are kept, and the model's mode is left as it is. The model must not change while tokens
    /// are asked for.</para>
    /// </remarks>
    /// <param name="model">The model, of float32 for speed, on any device.</param>
    /// <param name="prompt">The tokens to continue: at least one, each from 0 to <see cref="Gpt2Config.VocabularySize"/> − 1.</param>
    /// <param name="options">How tokens are chosen and when to stop; null for the defaults.</param>
    /// <returns>The new tokens, without the prompt and without the stop token.</returns>
    /// <exception cref="ArgumentException">The prompt is empty or holds an id beyond the vocabulary, or an option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">Thrown between tokens once the options' token is cancelled.</exception>
    /// <exception cref="InvalidOperationException">Thrown where the model's logits are not finite.</exception>
    public static IEnumerable<int> Generate(this Gpt2 model, IReadOnlyList<int> prompt, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompt);
        options ??= new GenerationOptions();
        options.Validate(model.Config);
        RequireTokens(prompt, model.Config);
        return Continue(model, [.. prompt], options);
    }

    private static IEnumerable<int> Continue(Gpt2 model, List<int> text, GenerationOptions options)
    {
        var block = model.Config.BlockSize;
        using var decoder = new Decoder(model, capacity: (int)Math.Min(block, (long)text.Count + options.MaxTokens));
        using var generator = new Generator((ulong)(options.Seed ?? Random.Shared.NextInt64()));
        var unread = text.TakeLast(block).ToArray();
        for (var count = 0; count < options.MaxTokens; count++)
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            var token = TokenDistribution.Of(decoder.Append(unread), options).At(Uniform(generator));
            if (token == options.StopToken) yield break;
            yield return token;
            text.Add(token);
            unread = [token];
            if (decoder.Length == block)
            {
                decoder.Clear();
                unread = [.. text.TakeLast(Math.Max(block / 2, 1))];
            }
        }
    }

    private static double Uniform(Generator generator)
    {
        using var value = rand(1, ScalarType.Float64, generator: generator);
        return value.ToDouble();
    }

    private static void RequireTokens(IReadOnlyList<int> prompt, Gpt2Config config)
    {
        if (prompt.Count == 0) throw new ArgumentException("The prompt is empty; expected at least one token, such as the end of a text before.", nameof(prompt));
        for (var i = 0; i < prompt.Count; i++)
        {
            if (prompt[i] < 0 || prompt[i] >= config.VocabularySize)
                throw new ArgumentException($"Token {i} of the prompt is {prompt[i]}; expected ids from 0 to {config.VocabularySize - 1}.", nameof(prompt));
        }
    }

    /// <summary>Runs a model forward on a text that grows, without gradients and dropout, whatever the model's mode.</summary>
    internal sealed class Decoder(Gpt2 model, int capacity) : IDisposable
    {
        private readonly KeyValueCache[] caches = [.. Enumerable.Range(0, model.Config.Layers).Select(_ => new KeyValueCache(model, capacity))];

        /// <summary>How many tokens the text has.</summary>
        public int Length => (int)caches[0].Length;

        /// <summary>Forgets the text.</summary>
        public void Clear() => Array.ForEach(caches, cache => cache.Clear());

        /// <summary>Appends tokens to the text; together they must not exceed the capacity.</summary>
        /// <returns>The logits of what follows them, one per token of the vocabulary.</returns>
        public float[] Append(ReadOnlySpan<int> tokens)
        {
            using var _ = no_grad();
            using var scope = NewDisposeScope();
            var ids = tensor(Array.ConvertAll(tokens.ToArray(), token => (long)token), [1, tokens.Length], device: model.Head.device);
            var wasTraining = model.training;
            if (wasTraining) model.eval();
            try
            {
                return model.NextLogits(ids, caches).to(ScalarType.Float32).cpu().data<float>().ToArray();
            }
            finally
            {
                if (wasTraining) model.train();
            }
        }

        public void Dispose() => Array.ForEach(caches, cache => cache.Dispose());
    }
}

/// <summary>The keys and values of the tokens that a block's attention has seen of one text, so that a new token costs one token's work.</summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly Tensor keys, values; // 1 × heads × capacity × width of a head

    /// <summary>Room for a number of tokens of a model.</summary>
    public KeyValueCache(Gpt2 model, int capacity)
    {
        long[] shape = [1, model.Config.Heads, capacity, model.Config.Width / model.Config.Heads];
        keys = empty(shape, model.Head.dtype, model.Head.device).DetachFromDisposeScope();
        values = empty(shape, model.Head.dtype, model.Head.device).DetachFromDisposeScope();
    }

    public long Length { get; private set; }

    public void Clear() => Length = 0;

    /// <summary>Appends the keys and values of new tokens.</summary>
    /// <param name="newKeys">1 × heads × time × width of a head.</param>
    /// <param name="newValues">Likewise.</param>
    /// <returns>The keys and values of all tokens: 1 × heads × length × width of a head.</returns>
    public (Tensor Keys, Tensor Values) Append(Tensor newKeys, Tensor newValues)
    {
        var time = newKeys.shape[2];
        keys.narrow(2, Length, time).copy_(newKeys);
        values.narrow(2, Length, time).copy_(newValues);
        Length += time;
        return (keys.narrow(2, 0, Length), values.narrow(2, 0, Length));
    }

    public void Dispose()
    {
        keys.Dispose();
        values.Dispose();
    }
}

/// <summary>The tokens a choice is made among, and how likely each is.</summary>
/// <param name="Tokens">Their ids.</param>
/// <param name="Weights">Their probabilities but for a common factor, each above 0.</param>
internal sealed record TokenDistribution(int[] Tokens, double[] Weights)
{
    /// <summary>softmax(logits / temperature) over the first <see cref="GenerationOptions.TokenCount"/> tokens, cut to the
    /// <see cref="GenerationOptions.TopK"/> likeliest and then to the fewest that together reach <see cref="GenerationOptions.TopP"/>; of
    /// equally likely tokens the lower id comes first.</summary>
    public static TokenDistribution Of(ReadOnlySpan<float> logits, GenerationOptions options)
    {
        if (options.TokenCount < logits.Length) logits = logits[..options.TokenCount.Value];
        var likeliest = Likeliest(logits);
        if (options.Temperature == 0) return new TokenDistribution([likeliest], [1]);
        var weights = Weigh(logits, logits[likeliest], options.Temperature);
        var tokens = Enumerable.Range(0, weights.Length).Where(token => weights[token] > 0);
        if (options.TopK is { } count) tokens = tokens.OrderByDescending(token => weights[token]).Take(count);
        if (options.TopP < 1) tokens = Nucleus([.. tokens], weights, options.TopP);
        int[] kept = [.. tokens];
        return new TokenDistribution(kept, Array.ConvertAll(kept, token => weights[token]));
    }

    /// <summary>The token at a point of the cumulative distribution, in [0, 1).</summary>
    public int At(double point)
    {
        var remaining = point * Weights.Sum();
        for (var i = 0; i < Tokens.Length - 1; i++)
        {
            remaining -= Weights[i];
            if (remaining < 0) return Tokens[i];
        }
        return Tokens[^1];
    }

    private static int Likeliest(ReadOnlySpan<float> logits)
    {
        var token = TensorPrimitives.IndexOfMax(logits); // The first NaN, if there is one.
        return float.IsFinite(logits[token])
            ? token
            : throw new InvalidOperationException($"The logit of token {token} is {logits[token]}: the model's weights are not usable.");
    }

    private static double[] Weigh(ReadOnlySpan<float> logits, float highest, double temperature)
    {
        var weights = new double[logits.Length];
        for (var token = 0; token < weights.Length; token++) weights[token] = Math.Exp((logits[token] - highest) / temperature);
        return weights;
    }

    private static IEnumerable<int> Nucleus(int[] tokens, double[] weights, double share)
    {
        var total = tokens.Sum(token => weights[token]);
        // All tokens below this weight have less than 1 − share together, so none of them is among those that reach it.
        var least = (1 - share) * total / tokens.Length;
        double reached = 0;
        foreach (var token in tokens.Where(token => weights[token] >= least).OrderByDescending(token => weights[token]))
        {
            yield return token;
            reached += weights[token];
            if (reached >= share * total) break;
        }
    }
}
