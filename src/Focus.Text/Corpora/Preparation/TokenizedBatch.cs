using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Focus;

/// <summary>What a batch of documents became.</summary>
internal sealed class TokenizedBatch
{
    private TokenizedBatch(DocumentBatch batch) => Batch = batch;

    public DocumentBatch Batch { get; }

    public List<int> Train { get; } = [];

    public List<int> Validation { get; } = [];

    /// <summary>How many documents end in the batch.</summary>
    public int Documents { get; private set; }

    /// <summary>The text in bytes of UTF-8.</summary>
    public long TextBytes { get; private set; }

    /// <summary>SHA-256 of the documents.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>A batch that is only recognised.</summary>
    public static TokenizedBatch HashOnly(DocumentBatch batch) => new(batch) { Hash = HashOf(batch.Documents) };

    public static TokenizedBatch Tokenize(DocumentBatch batch, NamedTokenizer tokenizer, int? separator, DocumentDraw draw)
    {
        var result = HashOnly(batch);
        foreach (var document in batch.Documents)
        {
            var tokens = draw.Validates(batch.FirstDocument + result.Documents) ? result.Validation : result.Train;
            tokenizer.Encode(document, tokens);
            result.TextBytes += Encoding.UTF8.GetByteCount(document.Text);
            if (document.Continues) continue;
            result.Documents++;
            if (separator is { } token) tokens.Add(token);
        }
        return result;
    }

    private static byte[] HashOf(IReadOnlyList<TextDocument> documents)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var document in documents)
        {
            hash.AppendData(BitConverter.GetBytes(document.Continues ? -document.Text.Length : document.Text.Length));
            hash.AppendData(MemoryMarshal.AsBytes(document.Text.AsSpan()));
        }
        return hash.GetHashAndReset();
    }
}
