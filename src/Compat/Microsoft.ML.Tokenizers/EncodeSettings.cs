namespace Microsoft.ML.Tokenizers;

/// <summary>How a text is to be encoded; without a limit, and otherwise off, unless set.</summary>
public struct EncodeSettings
{
    public EncodeSettings() => MaxTokenCount = int.MaxValue;

    public bool ConsiderPreTokenization { get; set; }

    public bool ConsiderNormalization { get; set; }

    public int MaxTokenCount { get; set; }
}
