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

    /// <param name="ids">The tokens' ids; a token is written with one character for each byte.</param>
    private Gpt2Vocabulary(Dictionary<string, int> ids)
    {
        var characters = ByteCharacters();
        var values = new Dictionary<char, byte>(characters.Select((character, value) => KeyValuePair.Create(character, (byte)value)));
        _byteTokens = [.. characters.Select(character => ids[character.ToString()])];
        _bytes = new byte[ids.Count][];
        foreach (var (token, id) in ids)
        {
            var bytes = _bytes[id] = new byte[token.Length];
            for (var i = 0; i < bytes.Length; i++) bytes[i] = values[token[i]];
        }
        Pairs = new PairTable(AllPairs(ids));
        Words = new WordTable([.. AllWords(_bytes)]);
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
        var ids = JsonSerializer.Deserialize<Dictionary<string, int>>(stream)!;
        ids.Remove("<|endoftext|>");
        return new Gpt2Vocabulary(ids);
    }

    /// <summary>The characters that stand for the bytes: printable Latin-1 for itself, those from U+0100 on for the others in order.</summary>
    private static char[] ByteCharacters()
    {
        var next = '\u0100';
        return [.. Enumerable.Range(0, 256).Select(value => IsPrintable(value) ? (char)value : next++)];

        static bool IsPrintable(int value) => value is >= '!' and <= '~' or >= 0xA1 and not 0xAD;
    }

    /// <summary>Every way in which two tokens put together are a token.</summary>
    private static List<(int Left, int Right, int Merged)> AllPairs(Dictionary<string, int> ids)
    {
        var pairs = new List<(int, int, int)>();
        var find = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var (token, id) in ids)
            for (var cut = 1; cut < token.Length; cut++)
                if (find.TryGetValue(token.AsSpan(..cut), out var left) && find.TryGetValue(token.AsSpan(cut..), out var right))
                    pairs.Add((left, right, id));
        return pairs;
    }

    private static IEnumerable<KeyValuePair<string, int>> AllWords(byte[][] bytes)
    {
        for (var id = 0; id < bytes.Length; id++)
            if (Utf8.IsValid(bytes[id])) yield return KeyValuePair.Create(Encoding.UTF8.GetString(bytes[id]), id);
    }
}
