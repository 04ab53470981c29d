namespace Focus;

/// <summary>Facts about the tokens of GPT-2's byte-pair encoding.</summary>
public static class Gpt2Tokens
{
    /// <summary>The token that ends a document, written <c>&lt;|endoftext|&gt;</c>.</summary>
    public const int EndOfText = 50256;

    /// <summary>How many tokens there are: ids from 0 to <see cref="EndOfText"/>.</summary>
    public const int Count = 50257;
}
