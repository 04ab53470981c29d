using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Focus;

/// <summary>Text in UTF-8, whose every byte must be right.</summary>
internal static class Utf8Text
{
    private const int BlockLength = 1 << 20;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> ByteOrderMark => Strict.Preamble;

    /// <summary>Decodes a text, without its byte order mark.</summary>
    /// <param name="bytes">The text.</param>
    /// <param name="offset">Where its bytes begin in the file, for the reason.</param>
    /// <param name="text">The text, where it is one.</param>
    /// <param name="reason">Why it is none.</param>
    public static bool TryDecode(
        ReadOnlySpan<byte> bytes, long offset, [NotNullWhen(true)] out string? text, [NotNullWhen(false)] out string? reason)
    {
        var start = bytes.StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
        try
        {
            (text, reason) = (Strict.GetString(bytes[start..]), null);
            return true;
        }
        catch (DecoderFallbackException invalid)
        {
            (text, reason) = (null, Describe(invalid, offset + start));
            return false;
        }
    }

    /// <summary>A file's text block by block, without its byte order mark.</summary>
    public static StreamReader Open(string path)
        => new(path, Strict, detectEncodingFromByteOrderMarks: false, new FileStreamOptions { BufferSize = BlockLength });

    /// <summary>Why a file is not UTF-8; null where it is.</summary>
    public static string? FindFault(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var (bytes, characters) = (new byte[BlockLength], new char[BlockLength + 1]);
        var decoder = Strict.GetDecoder();
        for (long offset = 0; ;)
        {
            var read = stream.Read(bytes);
            try
            {
                decoder.GetChars(bytes.AsSpan(0, read), characters, flush: read == 0);
            }
            catch (DecoderFallbackException invalid)
            {
                return Describe(invalid, offset);
            }
            if (read == 0) return null;
            offset += read;
        }
    }

    private static string Describe(DecoderFallbackException invalid, long offset)
        => $"not UTF-8: found {Convert.ToHexString(invalid.BytesUnknown ?? [])} at offset {offset + invalid.Index}";
}
