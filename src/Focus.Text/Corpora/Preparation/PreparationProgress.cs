namespace Focus;

/// <summary>How far a preparation is.</summary>
/// <param name="Documents">Documents prepared.</param>
/// <param name="BrokenDocuments">Documents left out.</param>
/// <param name="TextBytes">The text prepared, in bytes of UTF-8.</param>
/// <param name="Tokens">Tokens prepared, for training and validation.</param>
/// <param name="SourcePosition">Bytes read of the corpus's files, compressed where they are.</param>
/// <param name="SourceLength">The length of the corpus's files in bytes; null where it is not known.</param>
/// <param name="TokensPerSecond">The speed of this run.</param>
/// <param name="Elapsed">The time since this run began.</param>
/// <param name="Resuming">Whether this run is still reading what an interrupted one had prepared.</param>
public readonly record struct PreparationProgress(
    long Documents, long BrokenDocuments, long TextBytes, long Tokens, long SourcePosition, long? SourceLength,
    double TokensPerSecond, TimeSpan Elapsed, bool Resuming);
