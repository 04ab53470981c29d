namespace Focus;

/// <summary>The image and the label file of a split.</summary>
internal sealed record MnistFileNames(MnistFileName Images, MnistFileName Labels)
{
    private static readonly MnistFileNames Train = new(
        new("train-images", "idx3-ubyte", "db8f937d487057fb14a9f0fbe97f0bc8d311ab41b750d41e1ff37c43b9e55e19"),
        new("train-labels", "idx1-ubyte", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"));

    private static readonly MnistFileNames Test = new(
        new("t10k-images", "idx3-ubyte", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        new("t10k-labels", "idx1-ubyte", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"));

    public static MnistFileNames Of(MnistSplit split) => split switch
    {
        MnistSplit.Train => Train,
        MnistSplit.Test => Test,
        _ => throw new ArgumentOutOfRangeException(nameof(split), $"MNIST has the splits Train and Test, no {split}."),
    };
}

/// <summary>One of MNIST's four files.</summary>
/// <param name="Stem">The part before the format, such as <c>train-images</c>.</param>
/// <param name="Format"><c>idx3-ubyte</c> or <c>idx1-ubyte</c>.</param>
/// <param name="Checksum">The SHA-256 checksum of the gzipped file as it was published, in lower-case hexadecimal digits.</param>
internal sealed record MnistFileName(string Stem, string Format, string Checksum)
{
    /// <summary>The name the gzipped file was published under.</summary>
    public string Published => $"{Stem}-{Format}.gz";

    /// <summary>The names the file is looked for under, first come first served.</summary>
    private IEnumerable<string> Candidates => [$"{Stem}-{Format}", $"{Stem}.{Format}", Published, $"{Stem}.{Format}.gz"];

    public bool IsIn(string folder) => Candidates.Any(name => File.Exists(Path.Combine(folder, name)));

    /// <summary>The file's path in a folder.</summary>
    /// <exception cref="FileNotFoundException">The folder has it under none of the names.</exception>
    public string Find(string folder) => Candidates.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
        ?? throw new FileNotFoundException(
            $"There is no MNIST file {string.Join(" or ", Candidates)} in '{Path.GetFullPath(folder)}'. Put one there, " +
            $"or let LoadMnist fetch it: LoadMnist(folder, split, new {nameof(MnistDownload)}()).",
            Path.Combine(folder, Published));
}
