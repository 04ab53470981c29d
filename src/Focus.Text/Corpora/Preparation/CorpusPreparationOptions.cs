namespace Focus;

/// <summary>What a preparation does with a corpus.</summary>
public sealed record CorpusPreparationOptions
{
    /// <summary>The folder that receives <c>train.bin</c>, <c>val.bin</c> and <c>meta.json</c>; created where it is missing.</summary>
    public required string Output { get; init; }

    /// <summary>The share kept for validation, in [0, 1); 0.0005 as in nanoGPT. A share of 0 writes no <c>val.bin</c>, and neither does one by
    /// which no document was drawn.</summary>
    public double ValidationShare { get; init; } = 0.0005;

    /// <summary>What the share is of.</summary>
    public ValidationSplit Split { get; init; } = ValidationSplit.Documents;

    /// <summary>Decides which documents are drawn for validation.</summary>
    public long Seed { get; init; }

    /// <summary>The token put behind each document, such as <see cref="Gpt2Tokens.EndOfText"/>; null for none.</summary>
    public int? Separator { get; init; }

    /// <summary>How many documents are tokenized at once; at least 1. The result does not depend on it.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether to throw away what the folder holds of an earlier preparation; else one that was interrupted goes on, and one that was
    /// completed is an error.</summary>
    public bool Restart { get; init; }

    /// <summary>Is told of each document that is left out; once more where an interrupted preparation goes on.</summary>
    public Action<BrokenDocument>? Broken { get; init; }

    /// <summary>How often what is done so far is made safe.</summary>
    internal TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longer text files are read in parts of this many characters.</summary>
    internal int PartLength { get; init; } = DocumentReading.ShortPart;

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal void Validate(NamedTokenizer tokenizer)
    {
        ArgumentException.ThrowIfNullOrEmpty(Output);
        if (!(ValidationShare is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(ValidationShare), $"{nameof(ValidationShare)} is {ValidationShare}; expected a share in [0, 1).");
        if (!Enum.IsDefined(Split)) throw new ArgumentOutOfRangeException(nameof(Split), Split, "Expected Documents or Tail.");
        if (Separator < 0 || Separator >= tokenizer.VocabularySize)
            throw new ArgumentOutOfRangeException(nameof(Separator), Separator,
                $"Expected a token of '{tokenizer.Name}', from 0 to {tokenizer.VocabularySize - 1}, or none.");
        ArgumentOutOfRangeException.ThrowIfLessThan(Workers, 1);
    }
}
