using System.Buffers;
using System.Text;

namespace Microsoft.ML.Tokenizers;

/// <summary>WTF-8: UTF-8 that also carries surrogates without a partner, in three bytes each as if they were characters.</summary>
internal static class Wtf8
{
    /// <summary>Encodes one character, at the front of a text, and says how many UTF-16 units and bytes it takes.</summary>
    public static (int Units, int Bytes) Encode(ReadOnlySpan<char> text, Span<byte> destination)
    {
        if (Rune.DecodeFromUtf16(text, out var rune, out var units) == OperationStatus.Done) return (units, rune.EncodeToUtf8(destination));

        var unit = text[0];
        destination[0] = (byte)(0xE0 | unit >> 12);
        destination[1] = (byte)(0x80 | unit >> 6 & 0x3F);
        destination[2] = (byte)(0x80 | unit & 0x3F);
        return (1, 3);
    }

    /// <summary>Decodes one character at the front of the bytes.</summary>
    public static OperationStatus Decode(ReadOnlySpan<byte> bytes, Span<char> destination, out int bytesRead, out int unitsWritten)
    {
        (bytesRead, unitsWritten) = (0, 0);
        var status = Rune.DecodeFromUtf8(bytes, out var rune, out var length);
        if (status == OperationStatus.Done)
        {
            if (!rune.TryEncodeToUtf16(destination, out unitsWritten)) return OperationStatus.DestinationTooSmall;
            bytesRead = length;
            return status;
        }

        if (bytes is not [0xED, >= 0xA0 and <= 0xBF, ..]) return status;
        if (bytes.Length < 3) return OperationStatus.NeedMoreData;
        if ((bytes[2] & 0xC0) != 0x80) return OperationStatus.InvalidData;
        if (destination.IsEmpty) return OperationStatus.DestinationTooSmall;
        destination[0] = (char)(0xD000 | (bytes[1] & 0x3F) << 6 | bytes[2] & 0x3F);
        (bytesRead, unitsWritten) = (3, 1);
        return OperationStatus.Done;
    }
}
