using System.Text;

namespace Focus;

/// <summary>What a file of a corpus, or an entry of an archive, holds.</summary>
internal enum ContentKind
{
    Unknown,
    Xz,
    Gzip,
    Tar,
    JsonLines,
    Text,
}

/// <summary>Tells archives by their first bytes, whatever their names, and texts by their names.</summary>
internal static class ContentKinds
{
    /// <summary>How many bytes tell: a tar header.</summary>
    public const int PrefixLength = 512;

    private const int ChecksumOffset = 148;
    private const int ChecksumLength = 8;

    private static ReadOnlySpan<byte> XzMagic => [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0];

    private static ReadOnlySpan<byte> GzipMagic => [0x1F, 0x8B];

    public static ContentKind Find(ReadOnlySpan<byte> prefix, string name)
    {
        if (prefix.StartsWith(XzMagic)) return ContentKind.Xz;
        if (prefix.StartsWith(GzipMagic)) return ContentKind.Gzip;
        if (IsTarHeader(prefix)) return ContentKind.Tar;
        return Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".txt" => ContentKind.Text,
            ".json" or ".jsonl" or ".ndjson" => ContentKind.JsonLines,
            _ => ContentKind.Unknown,
        };
    }

    /// <summary>Whether the header's checksum is right, which holds for every tar format since the first; or all is zero, as in an empty
    /// archive.</summary>
    private static bool IsTarHeader(ReadOnlySpan<byte> prefix)
    {
        if (prefix.Length < PrefixLength) return false;
        var sum = ' ' * ChecksumLength;
        for (var i = 0; i < PrefixLength; i++)
            if (i is < ChecksumOffset or >= ChecksumOffset + ChecksumLength) sum += prefix[i];
        var written = Encoding.ASCII.GetString(prefix.Slice(ChecksumOffset, ChecksumLength)).Trim('\0', ' ');
        return sum == ParseOctal(written) || prefix.IndexOfAnyExcept((byte)0) < 0;
    }

    private static int ParseOctal(string digits)
        => digits.Length > 0 && digits.All(digit => digit is >= '0' and <= '7')
            ? digits.Aggregate(0, (value, digit) => (8 * value) + digit - '0')
            : -1;
}
