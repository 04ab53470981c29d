namespace Microsoft.ML.Tokenizers;

/// <summary>A token: its id, the characters it covers and where they are in the text.</summary>
public readonly struct EncodedToken(int id, string value, Range offset)
{
    public int Id { get; } = id;

    public string Value { get; } = value;

    public Range Offset { get; } = offset;
}
