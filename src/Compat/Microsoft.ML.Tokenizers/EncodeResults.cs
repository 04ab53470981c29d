namespace Microsoft.ML.Tokenizers;

/// <summary>What an encoding gave: tokens or their ids.</summary>
public struct EncodeResults<T>
{
    public IReadOnlyList<T> Tokens { get; set; }

    /// <summary>The text the offsets refer to, where it is not the one that was given.</summary>
    public string? NormalizedText { get; set; }

    public int CharsConsumed { get; set; }
}
