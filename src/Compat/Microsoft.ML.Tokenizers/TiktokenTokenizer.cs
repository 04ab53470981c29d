using System.Buffers;
using System.Text;

namespace Microsoft.ML.Tokenizers;

/// <summary>Byte-level byte-pair encoding. The stand-in has GPT-2's only. Any number of threads may share one.</summary>
public sealed class TiktokenTokenizer : Tokenizer
{
    private const string EndOfText = "<|endoftext|>";

    private readonly Gpt2Vocabulary _vocabulary;
    private readonly WordEncoder _words;
    private readonly SpecialTokens _specialTokens;
    private readonly Normalizer? _normalizer;

    private TiktokenTokenizer(Gpt2Vocabulary vocabulary, IReadOnlyDictionary<string, int>? extraSpecialTokens, Normalizer? normalizer)
    {
        _vocabulary = vocabulary;
        _words = new WordEncoder(vocabulary);
        var endOfText = KeyValuePair.Create(EndOfText, Gpt2Vocabulary.EndOfText);
        _specialTokens = new SpecialTokens([endOfText, .. extraSpecialTokens?.AsEnumerable() ?? []]);
        _normalizer = normalizer;
    }

    public static TiktokenTokenizer CreateForModel(
        string modelName, IReadOnlyDictionary<string, int>? extraSpecialTokens = null, Normalizer? normalizer = null)
    {
        ArgumentNullException.ThrowIfNull(modelName);
        return modelName.ToLowerInvariant() is "gpt2" or "gpt-2"
            ? new TiktokenTokenizer(Gpt2Vocabulary.Shared, extraSpecialTokens, normalizer)
            : throw new NotSupportedException($"There is no tokenizer for the model '{modelName}'; this stand-in has gpt2 only.");
    }

    public override string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var id in ids)
            if (TryGetBytes(id, out var bytes)) buffer.Write(bytes);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        ArgumentNullException.ThrowIfNull(ids);
        (idsConsumed, charsWritten) = (0, 0);
        var (idsRead, unitsWritten, pending) = (0, 0, 0);
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var id in ids)
        {
            if (!TryGetBytes(id, out var bytes)) return OperationStatus.InvalidData;
            buffer.Write(bytes);
            idsRead++;

            // What a token leaves of a character waits for the tokens that follow.
            var undecoded = buffer.WrittenSpan;
            while (!undecoded.IsEmpty)
            {
                var status = Wtf8.Decode(undecoded, destination[unitsWritten..], out var read, out var written);
                if (status == OperationStatus.NeedMoreData) break;
                if (status != OperationStatus.Done) return status;
                undecoded = undecoded[read..];
                unitsWritten += written;
            }
            pending = undecoded.Length;
            if (pending == 0) (idsConsumed, charsWritten) = (idsRead, unitsWritten);
            KeepLast(buffer, pending);
        }
        return pending == 0 ? OperationStatus.Done : OperationStatus.NeedMoreData;

        static void KeepLast(ArrayBufferWriter<byte> buffer, int count)
        {
            Span<byte> last = stackalloc byte[4];
            buffer.WrittenSpan[^count..].CopyTo(last);
            buffer.ResetWrittenCount();
            buffer.Write(last[..count]);
        }
    }

    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(settings.MaxTokenCount);
        var normalized = Normalize(ref textSpan, settings);
        var ids = new List<int>(textSpan.Length / 4);
        var pieces = new Pieces(textSpan, _specialTokens, settings.ConsiderPreTokenization);
        var consumed = 0;
        while (ids.Count < settings.MaxTokenCount && pieces.MoveNext())
        {
            var before = ids.Count;
            if (pieces.SpecialId >= 0) ids.Add(pieces.SpecialId);
            else _words.Encode(pieces.Text, ids);

            consumed = pieces.End;
            if (ids.Count <= settings.MaxTokenCount) continue;
            consumed = pieces.Start + Shorten(pieces.Text, ids, before, settings.MaxTokenCount);
            break;
        }
        return new EncodeResults<int> { Tokens = ids, NormalizedText = normalized, CharsConsumed = consumed };
    }

    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var normalized = Normalize(ref textSpan, settings);
        var tokens = new List<EncodedToken>(textSpan.Length / 4);
        var pieces = new Pieces(textSpan, _specialTokens, settings.ConsiderPreTokenization);
        while (pieces.MoveNext())
        {
            if (pieces.SpecialId >= 0) tokens.Add(new EncodedToken(pieces.SpecialId, pieces.Text.ToString(), pieces.Start..pieces.End));
            else _words.Encode(pieces.Text, pieces.Start, tokens);
        }
        return new EncodeResults<EncodedToken> { Tokens = tokens, NormalizedText = normalized, CharsConsumed = textSpan.Length };
    }

    protected override int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings) =>
        EncodeToIds(text, textSpan, settings).Tokens.Count;

    /// <summary>Cuts the last word's tokens to a limit, between characters; returns how many of its UTF-16 units are left.</summary>
    private int Shorten(ReadOnlySpan<char> word, List<int> ids, int wordStart, int limit)
    {
        var tokens = new List<EncodedToken>();
        _words.Encode(word, 0, tokens);
        var kept = limit - wordStart;
        while (kept > 0 && tokens[kept].Offset.Start.Value < tokens[kept - 1].Offset.End.Value) kept--;
        ids.RemoveRange(wordStart + kept, ids.Count - wordStart - kept);
        return tokens[kept].Offset.Start.Value;
    }

    private string? Normalize(ref ReadOnlySpan<char> text, EncodeSettings settings)
    {
        if (text.IsEmpty || _normalizer is null || !settings.ConsiderNormalization) return null;
        var normalized = _normalizer.Normalize(text);
        text = normalized;
        return normalized;
    }

    private bool TryGetBytes(int id, out ReadOnlySpan<byte> bytes) =>
        _specialTokens.TryGetBytes(id, out bytes) || _vocabulary.TryGetBytes(id, out bytes);
}
