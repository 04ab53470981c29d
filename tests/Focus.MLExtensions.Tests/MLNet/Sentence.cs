namespace Focus.Tests;

/// <summary>A row of text.</summary>
internal sealed class Sentence
{
    public string Text { get; set; } = "";
}

/// <summary>A row of tokens.</summary>
internal sealed class TokenRow
{
    public int[] Tokens { get; set; } = [];
}

/// <summary>What tokenizing and detokenizing make of a row.</summary>
internal sealed class Tokenized
{
    public int[] Tokens { get; set; } = [];

    public string Again { get; set; } = "";
}
