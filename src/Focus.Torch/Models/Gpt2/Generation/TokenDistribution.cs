using System.Numerics.Tensors;

namespace Focus;

/// <summary>The tokens a choice is made among, and how likely each is.</summary>
/// <param name="Tokens">Their ids.</param>
/// <param name="Weights">Their probabilities but for a common factor, each above 0.</param>
internal sealed record TokenDistribution(int[] Tokens, double[] Weights)
{
    /// <summary>softmax(logits / temperature) over the first <see cref="GenerationOptions.TokenCount"/> tokens, cut to the
    /// <see cref="GenerationOptions.TopK"/> likeliest and then to the fewest that together reach <see cref="GenerationOptions.TopP"/>; of
    /// equally likely tokens the lower id comes first.</summary>
    /// <exception cref="InvalidOperationException">The logits have no finite maximum.</exception>
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
