using Focus;

namespace Gpt2Sample;

/// <summary>The tokens of a folder that <c>prepare</c>, or nanoGPT, has written.</summary>
internal sealed class TrainingData : IDisposable
{
    /// <summary>What the tokens of a folder mean; nanoGPT's have none and are GPT-2's.</summary>
    public const string MetadataName = "meta.json";

    private readonly string metadata;

    private TrainingData(string metadata, TokenFile train, TokenFile? validation, int vocabularySize)
        => (this.metadata, Train, Validation, VocabularySize) = (metadata, train, validation, vocabularySize);

    public TokenFile Train { get; }

    public TokenFile? Validation { get; }

    /// <summary>The tokens that a model for the data knows.</summary>
    public int VocabularySize { get; }

    /// <exception cref="FileNotFoundException">The folder holds no tokens.</exception>
    public static TrainingData Open(string folder)
    {
        var metadata = Path.Combine(folder, MetadataName);
        if (File.Exists(metadata))
        {
            var corpus = PreparedCorpus.Open(folder);
            return new(metadata, corpus.OpenTrain(), corpus.OpenValidation(), Padded(corpus.VocabularySize));
        }
        var (train, validation) = (Path.Combine(folder, "train.bin"), Path.Combine(folder, "val.bin"));
        if (!File.Exists(train))
            throw new FileNotFoundException($"There is no train.bin in '{folder}'; make it with prepare, or name another --data.", train);
        return new(metadata, TokenFile.Open(train), File.Exists(validation) ? TokenFile.Open(validation) : null, Padded(Gpt2Tokens.Count));
    }

    /// <summary>Has another folder remember what the tokens mean.</summary>
    public void CopyMetadata(string path)
    {
        if (File.Exists(metadata)) File.Copy(metadata, path, overwrite: true);
    }

    public void Dispose()
    {
        Train.Dispose();
        Validation?.Dispose();
    }

    /// <summary>GPT-2's vocabulary is padded, which makes for faster products; others are taken as they are.</summary>
    private static int Padded(int vocabularySize) => vocabularySize == Gpt2Tokens.Count ? Gpt2Config.Small.VocabularySize : vocabularySize;
}
