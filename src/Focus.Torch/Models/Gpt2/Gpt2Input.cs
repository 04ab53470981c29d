using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Checks of what is given to <see cref="Gpt2"/>.</summary>
internal static class Gpt2Input
{
    public static void RequireTokens(Tensor tokens, Gpt2Config config)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.ndim != 2 || tokens.numel() == 0)
            throw new ArgumentException($"The tokens have shape {Shape(tokens)}; expected batch × time, neither of them 0.", nameof(tokens));
        if (tokens.shape[1] > config.BlockSize)
            throw new ArgumentException(
                $"The sequences have {tokens.shape[1]} tokens; the model takes at most {config.BlockSize} ({nameof(Gpt2Config.BlockSize)}).", nameof(tokens));
        RequireIds(tokens, "tokens", least: 0, config);
    }

    public static void RequireTargets(Tensor targets, Tensor tokens, Gpt2Config config)
    {
        ArgumentNullException.ThrowIfNull(targets);
        if (!targets.shape.AsSpan().SequenceEqual(tokens.shape))
            throw new ArgumentException($"The targets have shape {Shape(targets)}; expected that of the tokens, {Shape(tokens)}.", nameof(targets));
        RequireIds(targets, "targets", least: -1, config);
    }

    private static void RequireIds(Tensor ids, string name, int least, Gpt2Config config)
    {
        if (ids.dtype != ScalarType.Int64) throw new ArgumentException($"The {name} have type {ids.dtype}; expected Int64.", name);
        using Tensor lowest = ids.min(), highest = ids.max();
        var found = lowest.ToInt64() < least ? lowest : highest;
        if (found.ToInt64() < least || found.ToInt64() >= config.VocabularySize)
            throw new ArgumentException($"Among the {name} is {found.ToInt64()}; expected ids from {least} to {config.VocabularySize - 1}.", name);
    }

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
