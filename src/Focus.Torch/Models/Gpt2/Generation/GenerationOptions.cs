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

    /// <summary>How many of the model's tokens to choose among, those with the lowest ids; ≥ 1, or null for all. Models often have more
    /// than their tokenizer, such as 50,304 where GPT-2's has 50,257: what is beyond has no text.</summary>
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
        Require(MaxTokens >= 1, MaxTokens, nameof(MaxTokens), "at least 1");
        Require(double.IsFinite(Temperature) && Temperature >= 0, Temperature, nameof(Temperature), "finite and at least 0");
        Require(TopK is null or >= 1, TopK, nameof(TopK), "at least 1, or null");
        Require(TopP is > 0 and <= 1, TopP, nameof(TopP), "above 0 and at most 1");
        Require(TokenCount is null or >= 1, TokenCount, nameof(TokenCount), "at least 1, or null");
        Require(StopToken is null or >= 0, StopToken, nameof(StopToken), "at least 0, or null");
    }

    /// <summary>Checks every option against its range, given the model.</summary>
    /// <inheritdoc cref="Validate()" path="/exception"/>
    internal void Validate(Gpt2Config model)
    {
        Validate();
        Require(StopToken is null || StopToken < model.VocabularySize, StopToken, nameof(StopToken),
            $"in the model's vocabulary, from 0 to {model.VocabularySize - 1}, or null");
    }

    private static void Require(bool condition, double? value, string name, string range)
    {
        if (!condition) throw new ArgumentOutOfRangeException(name, $"{nameof(GenerationOptions)}.{name} is {value}; it must be {range}.");
    }
}
