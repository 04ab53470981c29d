namespace Focus;

/// <summary>What a transformer between text and tokens is; the whole of its model file.</summary>
internal sealed record TokenizingConfiguration(string OutputColumnName, string InputColumnName, TokenizerDescription Tokenizer)
{
    private const string Entry = "configuration.json";

    /// <exception cref="InvalidDataException">The configuration is missing or damaged.</exception>
    public static TokenizingConfiguration Load(ModelArchive archive)
    {
        var configuration = archive.ReadJson<TokenizingConfiguration>(Entry);
        if (configuration.OutputColumnName.Length == 0 || configuration.InputColumnName.Length == 0)
            throw new InvalidDataException("The model's configuration is invalid: a column has no name.");
        return configuration;
    }

    public void Save(ModelArchive archive) => archive.WriteJson(Entry, this);
}
