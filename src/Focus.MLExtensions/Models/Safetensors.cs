using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Tensors in the safetensors format: the length of a header, the header (JSON: name, type, shape and place of each tensor), and
/// the bytes.</summary>
/// <remarks>See https://huggingface.co/docs/safetensors. Streams are written and read front to back, and need not be seekable.</remarks>
public static class Safetensors
{
    /// <summary>The most elements of a piece of a tensor.</summary>
    internal const long LongestPiece = 1 << 22;

    /// <summary>Writes a file, which appears or is replaced as a whole.</summary>
    /// <inheritdoc cref="Save(Stream, IEnumerable{KeyValuePair{string, Tensor}}, IReadOnlyDictionary{string, string}?, ScalarType?)"/>
    /// <exception cref="IOException">The file cannot be written; what was there before is still there.</exception>
    public static void Save(
        string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? type = null)
        => AtomicFile.Write(path, stream => Save(stream, tensors, metadata, type));

    /// <summary>Writes tensors one after the other.</summary>
    /// <param name="stream">A writable stream.</param>
    /// <param name="tensors">Tensors by name, of any shape and on any device.</param>
    /// <param name="metadata">Key-value texts stored in the header.</param>
    /// <param name="type">The floating-point type to convert all tensors to; null keeps each tensor's own.</param>
    /// <exception cref="ArgumentException">A name appears twice, a tensor's type is not supported, <paramref name="type"/> is no
    /// floating-point type, or a tensor holds finite numbers beyond its range.</exception>
    public static void Save(
        Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? type = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        if (type is { } target && SafetensorsType.Of(target) is not { IsFloatingPoint: true }) // Integers would wrap around.
            throw new ArgumentException($"The type is {target}; tensors are converted to Float64, Float32, Float16 or BFloat16 only.", nameof(type));
        var items = tensors.ToArray();
        var header = SafetensorsHeader.Of(items, metadata, type).ToJson();
        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var (name, tensor) in items) WriteBytes(stream, name, tensor, type ?? tensor.dtype);
    }

    /// <summary>Reads a file.</summary>
    /// <inheritdoc cref="Load(Stream)"/>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static SafetensorsContent Load(string path) => AtomicFile.Read(path, Load);

    /// <summary>Reads all tensors of a stream, to its end.</summary>
    /// <returns>New tensors on the CPU; the caller disposes of them.</returns>
    /// <exception cref="InvalidDataException">The stream is not in the format, or cut short; the message says where and how.</exception>
    public static SafetensorsContent Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var reader = new SafetensorsReader(stream);
        var tensors = new Dictionary<string, Tensor>();
        try
        {
            foreach (var (entry, tensor) in reader.ReadTensors()) tensors.Add(entry.Name, tensor);
        }
        catch
        {
            foreach (var tensor in tensors.Values) tensor.Dispose();
            throw;
        }
        return new SafetensorsContent(tensors, reader.Header.Metadata);
    }

    /// <summary>The elements of a contiguous tensor in order, in views that are disposed of one by one: a span ends at 2 GiB, a tensor need
    /// not, and the conversion of a piece takes little memory.</summary>
    internal static IEnumerable<Tensor> Pieces(Tensor tensor)
    {
        using var flat = tensor.view(-1);
        for (long start = 0; start < flat.shape[0]; start += LongestPiece)
        {
            using var piece = flat.narrow(0, start, Math.Min(LongestPiece, flat.shape[0] - start));
            yield return piece;
        }
    }

    private static void WriteBytes(Stream stream, string name, Tensor tensor, ScalarType type)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        foreach (var piece in Pieces(tensor.detach().contiguous()))
        {
            using var pieceScope = NewDisposeScope();
            var converted = piece.to(type).cpu();
            if (type != tensor.dtype) RequireReached(piece, converted, name);
            stream.Write(converted.bytes);
        }
    }

    private static void RequireReached(Tensor original, Tensor converted, string name)
    {
        if (CountFinite(original) != CountFinite(converted))
            throw new ArgumentException($"Tensor '{name}' holds numbers beyond the range of {converted.dtype}; take a type of a wider range.");

        static long CountFinite(Tensor tensor) => tensor.isfinite().sum().ToInt64();
    }
}

/// <summary>What a safetensors file holds.</summary>
/// <param name="Tensors">The tensors by name. Who loaded them disposes of each.</param>
/// <param name="Metadata">The texts kept with them.</param>
public sealed record SafetensorsContent(Dictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Metadata);

/// <summary>Reads a stream in the safetensors format front to back: its header, then one tensor after the other.</summary>
internal sealed class SafetensorsReader
{
    private readonly Stream stream;

    /// <param name="stream">A readable stream.</param>
    /// <param name="length">The bytes of the stream from here on, where that is known and it cannot seek.</param>
    public SafetensorsReader(Stream stream, long? length = null)
    {
        this.stream = stream;
        var json = ReadHeader();
        Header = SafetensorsHeader.Parse(json);
        if (stream.CanSeek) RequireLength(stream.Length - stream.Position);
        else if (length is { } known) RequireLength(known - sizeof(long) - json.Length);
    }

    public SafetensorsHeader Header { get; }

    /// <summary>Reads the tensors, each when it is asked for.</summary>
    /// <param name="isWanted">Which to read; others are skipped. Null for all.</param>
    /// <returns>New tensors on the CPU in the order of the header; the caller disposes of them.</returns>
    public IEnumerable<(SafetensorsEntry Entry, Tensor Tensor)> ReadTensors(Func<SafetensorsEntry, bool>? isWanted = null)
    {
        foreach (var entry in Header.Entries)
            if (isWanted is null || isWanted(entry)) yield return (entry, ReadTensor(entry));
            else Skip(entry);
        if (stream.ReadByte() >= 0) throw new InvalidDataException("Safetensors: expected the end after the last tensor, found more bytes.");
    }

    /// <summary>Copies all tensors, one at a time, into others of the same names, types and shapes.</summary>
    public void CopyTo(IReadOnlyDictionary<string, Tensor> targets)
    {
        using var _ = no_grad();
        SafetensorsEntry.RequireSame(Header.Entries, targets);
        foreach (var (entry, tensor) in ReadTensors())
            using (tensor) targets[entry.Name].copy_(tensor);
    }

    private byte[] ReadHeader()
    {
        var prefix = new byte[sizeof(long)];
        ReadExactly(prefix, "the length of the header");
        if (prefix is [(byte)'P', (byte)'K', 3, 4, ..] or [0x80, 2, ..])
            throw new InvalidDataException(
                "Safetensors, byte 0: found a pickle of PyTorch (.pt, .bin), which could execute code and is not read. Convert it in Python: " +
                "safetensors.torch.save_file, or save_pretrained with safe_serialization=True.");
        var length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        if (length is < 2 or > SafetensorsHeader.LongestJson)
            throw new InvalidDataException(
                $"Safetensors, byte 0: expected the length of a header from 2 to {SafetensorsHeader.LongestJson} bytes, found {length}.");
        using var header = new MemoryStream();
        foreach (var piece in ReadPieces(length, "the header")) header.Write(piece.Span);
        return header.ToArray();
    }

    private void Skip(SafetensorsEntry entry)
    {
        if (stream.CanSeek) stream.Seek(entry.Length, SeekOrigin.Current);
        else foreach (var _ in ReadPieces(entry.Length, $"tensor '{entry.Name}'")) { }
    }

    /// <summary>Bytes in pieces that are valid until the next: a damaged file may claim a length that it does not have.</summary>
    private IEnumerable<ReadOnlyMemory<byte>> ReadPieces(long length, string what)
    {
        var buffer = new byte[Math.Min(length, 1 << 16)];
        for (var rest = length; rest > 0; rest -= buffer.Length)
        {
            var piece = buffer.AsMemory(0, (int)Math.Min(rest, buffer.Length));
            ReadExactly(piece.Span, what);
            yield return piece;
        }
    }

    private void RequireLength(long found)
    {
        if (Header.DataLength != found)
            throw new InvalidDataException(
                $"Safetensors: expected {Header.DataLength} bytes of tensors after the header, found {found}: " +
                (found < Header.DataLength ? "the file is cut short." : "there are more bytes than tensors."));
    }

    private Tensor ReadTensor(SafetensorsEntry entry)
    {
        var tensor = Allocate(entry);
        try
        {
            foreach (var piece in Safetensors.Pieces(tensor)) ReadExactly(piece.bytes, $"tensor '{entry.Name}'");
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    private static Tensor Allocate(SafetensorsEntry entry)
    {
        try
        {
            return empty(entry.Shape, dtype: entry.Type.ScalarType);
        }
        catch (ExternalException error)
        {
            throw new InvalidDataException(
                $"Safetensors: there is no memory for the {entry.Length} bytes of tensor '{entry.Name}': the file is damaged, or memory is short.",
                error);
        }
    }

    private void ReadExactly(Span<byte> target, string what)
    {
        var found = stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        if (found < target.Length)
            throw new InvalidDataException($"Safetensors: expected {target.Length} more bytes of {what}, found {found}: the file is cut short.");
    }
}

/// <summary>A tensor's place in a safetensors file.</summary>
internal sealed record SafetensorsEntry(string Name, SafetensorsType Type, long[] Shape, long Start)
{
    public long Length { get; } = Shape.Aggregate((long)Type.Size, (length, dimension) => checked(length * dimension));
    public long End => checked(Start + Length);

    /// <summary>Throws unless the tensors of files are those that are expected, by name, type and shape.</summary>
    public static void RequireSame(IEnumerable<SafetensorsEntry> found, IReadOnlyDictionary<string, Tensor> expected, bool anyFloat = false)
    {
        var names = new HashSet<string>();
        foreach (var entry in found)
        {
            if (!expected.TryGetValue(entry.Name, out var tensor))
                throw new InvalidDataException($"Tensor '{entry.Name}' is none of the {expected.Count} expected.");
            if (!names.Add(entry.Name)) throw new InvalidDataException($"Tensor '{entry.Name}' appears twice.");
            var sameType = entry.Type.ScalarType == tensor.dtype || (anyFloat && entry.Type.IsFloatingPoint && tensor.is_floating_point());
            if (!sameType || !entry.Shape.AsSpan().SequenceEqual(tensor.shape))
                throw new InvalidDataException(
                    $"Tensor '{entry.Name}' is {entry.Type.ScalarType} {entry.Shape.ShapeText()}; " +
                    $"expected {tensor.dtype} {tensor.shape.ShapeText()}.");
        }
        if (expected.Keys.FirstOrDefault(name => !names.Contains(name)) is { } missing)
            throw new InvalidDataException(
                $"Tensor '{missing}' is missing, {expected.Count - names.Count} of {expected.Count} are.");
    }
}

/// <summary>The header of a safetensors file: its tensors in the order of their bytes, without gaps, and its metadata.</summary>
internal sealed class SafetensorsHeader
{
    public const int LongestJson = 100_000_000;

    private const string MetadataName = "__metadata__";
    private const int Alignment = 8;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private SafetensorsHeader(IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string> metadata)
        => (Entries, Metadata) = (entries, metadata);

    public IReadOnlyList<SafetensorsEntry> Entries { get; }
    public IReadOnlyDictionary<string, string> Metadata { get; }
    public long DataLength => Entries.Count == 0 ? 0 : Entries[^1].End;

    /// <summary>A header for tensors that follow in the order given.</summary>
    /// <param name="tensors">The tensors by name.</param>
    /// <param name="metadata">Key-value texts stored in the header.</param>
    /// <param name="converted">The type they are written in, or null for their own.</param>
    public static SafetensorsHeader Of(
        IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata, ScalarType? converted)
    {
        var entries = new List<SafetensorsEntry>();
        var names = new HashSet<string> { MetadataName };
        foreach (var (name, tensor) in tensors)
        {
            if (!names.Add(name)) throw new ArgumentException($"The tensor name '{name}' appears twice or is reserved.", nameof(tensors));
            var type = SafetensorsType.Of(converted ?? tensor.dtype)
                ?? throw new ArgumentException(
                    $"Tensor '{name}' is to be written as {converted ?? tensor.dtype}, which safetensors files do not hold.", nameof(tensors));
            entries.Add(new SafetensorsEntry(name, type, tensor.shape, entries.Count == 0 ? 0 : entries[^1].End));
        }
        return new SafetensorsHeader(entries, metadata ?? new Dictionary<string, string>());
    }

    public static SafetensorsHeader Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            var metadata = new Dictionary<string, string>();
            var entries = new List<SafetensorsEntry>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name != MetadataName) entries.Add(ParseEntry(property));
                else foreach (var text in property.Value.EnumerateObject()) metadata[text.Name] = ParseText(text);
            }
            entries.Sort((a, b) => (a.Start, a.End).CompareTo((b.Start, b.End)));
            RequireContiguous(entries);
            return new SafetensorsHeader(entries, metadata);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw new InvalidDataException($"Safetensors: expected a header of tensors with dtype, shape and data_offsets, but {error.Message}", error);
        }
    }

    /// <summary>The header as JSON, padded with blanks so that the tensors' bytes are aligned.</summary>
    public byte[] ToJson()
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            if (Metadata.Count > 0)
            {
                writer.WritePropertyName(MetadataName);
                JsonSerializer.Serialize(writer, Metadata);
            }
            foreach (var entry in Entries)
            {
                writer.WritePropertyName(entry.Name);
                JsonSerializer.Serialize(writer, new { dtype = entry.Type.Name, shape = entry.Shape, data_offsets = new[] { entry.Start, entry.End } });
            }
            writer.WriteEndObject();
        }
        while (json.Length % Alignment != 0) json.WriteByte((byte)' ');
        return json.ToArray();
    }

    private static string ParseText(JsonProperty property)
        => property.Value.GetString()
            ?? throw new InvalidDataException($"Safetensors: '{MetadataName}' holds '{property.Name}', expected a text, found null.");

    private static SafetensorsEntry ParseEntry(JsonProperty property)
    {
        var name = property.Name;
        var typeName = property.Value.GetProperty("dtype").GetString();
        var shape = Numbers(property.Value.GetProperty("shape"));
        var offsets = Numbers(property.Value.GetProperty("data_offsets"));
        var type = SafetensorsType.Named(typeName)
            ?? throw new InvalidDataException($"Safetensors: tensor '{name}' is of type {typeName}; supported are {SafetensorsType.AllNames}.");
        if (shape.Any(dimension => dimension < 0) || offsets is not [>= 0, var end])
            throw new InvalidDataException(
                $"Safetensors: tensor '{name}' has the shape {shape.ShapeText()} and the offsets {offsets.ShapeText()}.");
        var entry = new SafetensorsEntry(name, type, shape, offsets[0]);
        if (entry.End != end)
            throw new InvalidDataException(
                $"Safetensors: tensor '{name}' of {typeName} {shape.ShapeText()} takes {entry.Length} bytes, " +
                $"but its offsets are {entry.Start} to {end}.");
        return entry;
    }

    private static long[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetInt64())];

    private static void RequireContiguous(IEnumerable<SafetensorsEntry> entries)
    {
        long end = 0;
        foreach (var entry in entries)
        {
            if (entry.Start != end)
                throw new InvalidDataException(
                    $"Safetensors: tensor '{entry.Name}' begins at {entry.Start}, but the one before ends at {end}; " +
                    "tensors must neither overlap nor leave gaps.");
            end = entry.End;
        }
    }
}

/// <summary>An element type as safetensors files name it.</summary>
internal sealed record SafetensorsType(string Name, ScalarType ScalarType, int Size)
{
    private static readonly SafetensorsType[] All =
    [
        new("F64", ScalarType.Float64, 8),
        new("F32", ScalarType.Float32, 4),
        new("F16", ScalarType.Float16, 2),
        new("BF16", ScalarType.BFloat16, 2),
        new("I64", ScalarType.Int64, 8),
        new("I32", ScalarType.Int32, 4),
        new("I16", ScalarType.Int16, 2),
        new("I8", ScalarType.Int8, 1),
        new("U8", ScalarType.Byte, 1),
        new("BOOL", ScalarType.Bool, 1),
    ];

    public bool IsFloatingPoint => ScalarType is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;
    public static string AllNames => string.Join(", ", All.Select(type => type.Name));

    public static SafetensorsType? Named(string? name) => Array.Find(All, type => type.Name == name);

    public static SafetensorsType? Of(ScalarType scalarType) => Array.Find(All, type => type.ScalarType == scalarType);
}
