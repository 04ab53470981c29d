using System.Buffers.Binary;

namespace Focus;

/// <summary>Where the tokens of a file are, and how many: of nanoGPT's files, which have no header, of llm.c's, which the speed-run
/// repositories write too, and of NumPy's arrays.</summary>
/// <remarks>llm.c: 256 Int32 (magic, version, number of tokens, zeros), then the tokens. The magic says their width.</remarks>
internal readonly record struct TokenFileHeader(long Offset, TokenWidth Width, long Count)
{
    private const int NarrowMagic = 20240520, WideMagic = 20240801, EvaluationMagic = 20240522, WeightsMagic = 20240326, StateMagic = 20240327;
    private const int LlmCLength = 256 * sizeof(int);

    /// <summary>Recognises a header, and checks the file's length against it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="width">The width of a token where there is no header.</param>
    public static TokenFileHeader Read(string path, TokenWidth width)
    {
        using var stream = File.OpenRead(path);
        if (stream.Length == 0) throw new InvalidDataException($"{path} is empty; expected tokens of {(int)width} bytes each.");
        var start = new byte[3 * sizeof(int)];
        start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        if (NpyHeader.IsAt(start)) return ReadNpy(stream, path);
        return start.Length < sizeof(int) ? Raw(path, stream.Length, width) : BinaryPrimitives.ReadInt32LittleEndian(start) switch
        {
            NarrowMagic => ReadLlmC(start, stream.Length, path, TokenWidth.UInt16, newestVersion: 1),
            WideMagic => ReadLlmC(start, stream.Length, path, TokenWidth.UInt32, newestVersion: 7),
            EvaluationMagic => throw Other(path, "an evaluation with several choices"),
            WeightsMagic or StateMagic => throw Other(path, "weights"),
            _ => Raw(path, stream.Length, width),
        };
    }

    private static TokenFileHeader ReadLlmC(byte[] start, long length, string path, TokenWidth width, int newestVersion)
    {
        var version = start.Length < 2 * sizeof(int) ? 0 : BinaryPrimitives.ReadInt32LittleEndian(start.AsSpan(sizeof(int)));
        if (length < LlmCLength || version < 1 || version > newestVersion)
            throw new InvalidDataException(
                $"{path} begins as llm.c's files of tokens; expected a header of {LlmCLength} bytes with a version from 1 to {newestVersion}, " +
                $"found version {version} in {length} bytes. Write the file anew with llm.c's scripts, or prepare the text itself.");
        long count = BinaryPrimitives.ReadInt32LittleEndian(start.AsSpan(2 * sizeof(int)));
        if (count < 1 || length != LlmCLength + count * (int)width)
            throw new InvalidDataException(
                $"{path}: the header of llm.c promises {count} tokens of {(int)width} bytes; expected {LlmCLength + count * (int)width} bytes, " +
                $"found {length}. Was the file cut short? Fetch or write it again.");
        return new(LlmCLength, width, count);
    }

    private static TokenFileHeader ReadNpy(Stream stream, string path)
    {
        stream.Position = 0;
        var header = NpyHeader.Read(stream, path);
        return header is { IsBigEndian: false, Kind: 'u' or 'i', ElementSize: 2 or 4, Shape: [> 0 and var count] } && header is not { Kind: 'i', ElementSize: 2 }
            ? new(stream.Position, (TokenWidth)header.ElementSize, count)
            : throw new InvalidDataException(
                $"{path} is a NumPy array of {header}; expected one dimension of uint16, uint32 or int32 in little-endian bytes. " +
                "Save it as such (numpy: tokens.astype('<u2') or '<u4').");
    }

    private static TokenFileHeader Raw(string path, long length, TokenWidth width)
    {
        var left = length % (int)width;
        return left == 0 ? new(0, width, length / (int)width) : throw new InvalidDataException(
            $"{path} is {length} bytes long, which is not a whole number of tokens: expected a multiple of {(int)width}, " +
            $"found {left} bytes from offset {length - left} on. Was the file cut short, or are its tokens of another width?");
    }

    private static InvalidDataException Other(string path, string content)
        => new($"{path} holds {content} in llm.c's format; expected tokens, which llm.c's scripts write into files such as *_train_*.bin.");
}
