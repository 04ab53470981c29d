namespace Focus;

/// <summary>A document, or an archive from some point on, that was left out because it could not be read.</summary>
/// <param name="Source">Where it is from: a file's path, followed by the names within archives and a line number where there are any.</param>
/// <param name="Reason">What was expected, what was found, and at which offset.</param>
public sealed record BrokenDocument(string Source, string Reason)
{
    /// <summary>Source and reason.</summary>
    public override string ToString() => $"{Source}: {Reason}";

    /// <summary>The fault of a corpus of which nothing could be read, this document being the first that was left out.</summary>
    internal InvalidDataException NothingRead() => new($"There is no text that can be read; the first that cannot is {this}.");
}
