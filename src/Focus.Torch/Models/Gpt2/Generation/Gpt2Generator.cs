using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

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
