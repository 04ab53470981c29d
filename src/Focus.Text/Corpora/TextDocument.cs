namespace Focus;

/// <summary>A document of a corpus.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Source">Where it is from: a file's path, followed by the names within archives and a line number where there are any.</param>
public sealed record TextDocument(string Text, string Source)
{
    /// <summary>Whether the next document of the stream goes on with this one, which was too long to be handed over at once.</summary>
    internal bool Continues { get; init; }
}
