using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Microsoft.ML.Tokenizers;

/// <summary>GPT-2's tokens, but for the special one: their bytes, and how bytes become tokens.</summary>
internal sealed class Gpt2Vocabulary
{
    public const int EndOfText = 50256;

    private const string Resource = "gpt2/encoder.json";

    private static readonly Lazy<Gpt2Vocabulary> _shared = new(Load, LazyThreadSafetyMode.PublicationOnly);

    private readonly byte[][] _bytes;
    private readonly int[] _byteTokens;

    private Gpt2Vocabulary(byte[][] bytes)
    {
        _bytes = bytes;
        var ids = new Dictionary<ByteString, int>();
        for (var id = 0; id < bytes.Length; id++) ids.Add(new ByteString(bytes[id]), id);
        _byteTokens = [.. Enumerable.Range(0, 256).Select(value => ids[new ByteString(new[] { (byte)value })])];
        Pairs = new PairTable([.. AllPairs(bytes, ids)]);
        Words = new WordTable([.. AllWords(bytes)]);
    }

    /// <summary>The vocabulary, read when it is first asked for.</summary>
    public static Gpt2Vocabulary Shared => _shared.Value;

    public WordTable Words { get; }

    public PairTable Pairs { get; }

    /// <summary>The token of a byte.</summary>
    public int this[byte value] => _byteTokens[value];

    /// <summary>The bytes of a token.</summary>
    public bool TryGetBytes(int id, out ReadOnlySpan<byte> bytes)
    {
        var known = (uint)id < (uint)_bytes.Length;
        bytes = known ? _bytes[id] : default;
        return known;
    }

    private static Gpt2Vocabulary Load()
    {
        using var stream = typeof(Gpt2Vocabulary).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException(
            "GPT-2's vocabulary is not in this build. Run './build.sh setup', which fetches it and builds again.");
        var tokens = JsonSerializer.Deserialize<Dictionary<string, int>>(stream)!;
        var characterBytes = CharacterBytes();
        var bytes = new byte[EndOfText][];
        foreach (var (token, id) in tokens)
            if (id != EndOfText) bytes[id] = [.. token.Select(character => characterBytes[character])];
        return new Gpt2Vocabulary(bytes);
    }

    /// <summary>The bytes that the file's characters stand for: printable Latin-1 for itself, and from U+0100 on the others in order.</summary>
    private static Dictionary<char, byte> CharacterBytes()
    {
        var characterBytes = new Dictionary<char, byte>();
        var next = '\u0100';
        for (var value = 0; value < 256; value++)
        {
            var printable = value is >= '!' and <= '~' or >= 0xA1 and not 0xAD;
            characterBytes.Add(printable ? (char)value : next++, (byte)value);
        }
        return characterBytes;
    }

    /// <summary>Every way in which two tokens put together are a token.</summary>
    private static IEnumerable<(int Left, int Right, int Merged)> AllPairs(byte[][] bytes, Dictionary<ByteString, int> ids)
    {
        for (var id = 0; id < bytes.Length; id++)
            for (var cut = 1; cut < bytes[id].Length; cut++)
                if (ids.TryGetValue(new ByteString(bytes[id].AsMemory(..cut)), out var left)
                    && ids.TryGetValue(new ByteString(bytes[id].AsMemory(cut..)), out var right))
                    yield return (left, right, id);
    }

    private static IEnumerable<KeyValuePair<string, int>> AllWords(byte[][] bytes)
    {
        for (var id = 0; id < bytes.Length; id++)
            if (Utf8.IsValid(bytes[id])) yield return KeyValuePair.Create(Encoding.UTF8.GetString(bytes[id]), id);
    }

    private readonly record struct ByteString(ReadOnlyMemory<byte> Bytes)
    {
        public bool Equals(ByteString other) => Bytes.Span.SequenceEqual(other.Bytes.Span);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.AddBytes(Bytes.Span);
            return hash.ToHashCode();
        }
    }
}
