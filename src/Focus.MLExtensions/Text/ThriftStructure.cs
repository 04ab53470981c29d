using System.Text;

namespace Focus;

/// <summary>A structure of Thrift's compact protocol, in which parquet files keep what they say about themselves: its fields by their numbers.</summary>
/// <remarks>Format: github.com/apache/thrift, doc/specs/thrift-compact-protocol.md. Nothing is taken for true that the bytes do not hold: a damaged
/// structure ends with <see cref="InvalidDataException"/>.</remarks>
internal sealed class ThriftStructure
{
    private const int DeepestNesting = 32;

    private readonly Dictionary<int, object> fields = [];

    /// <summary>Reads a structure at the start of bytes and moves them on behind it.</summary>
    public static ThriftStructure Read(ref ReadOnlySpan<byte> bytes, int depth = 0)
    {
        if (depth > DeepestNesting) throw new InvalidDataException("the structures of the parquet file are nested too deeply");
        var structure = new ThriftStructure();
        for (var id = 0; Byte(ref bytes) is var header and not 0;)
        {
            id = header >> 4 == 0 ? (int)ZigZag(ref bytes) : id + (header >> 4);
            structure.fields[id] = Value(ref bytes, header & 0xF, depth, inList: false);
        }
        return structure;
    }

    public long Number(int field) => fields.GetValueOrDefault(field) is long number ? number : throw Missing(field, "a number");

    public long? OptionalNumber(int field) => fields.ContainsKey(field) ? Number(field) : null;

    public bool OptionalFlag(int field, bool otherwise) => fields.GetValueOrDefault(field) as bool? ?? otherwise;

    public string Text(int field) => fields.GetValueOrDefault(field) is byte[] text ? Encoding.UTF8.GetString(text) : throw Missing(field, "a text");

    public ThriftStructure Structure(int field) => fields.GetValueOrDefault(field) as ThriftStructure ?? throw Missing(field, "a structure");

    public ThriftStructure[] Structures(int field) => [.. List(field).OfType<ThriftStructure>()];

    public string[] Texts(int field) => [.. List(field).OfType<byte[]>().Select(Encoding.UTF8.GetString)];

    private List<object> List(int field) => fields.GetValueOrDefault(field) as List<object> ?? throw Missing(field, "a list");

    private static InvalidDataException Missing(int field, string what) => new($"field {field} of a structure of the parquet file is not {what}");

    private static object Value(ref ReadOnlySpan<byte> bytes, int type, int depth, bool inList)
    {
        switch (type)
        {
            case 1 or 2: return inList ? Byte(ref bytes) == 1 : type == 1;
            case 3: return (long)(sbyte)Byte(ref bytes);
            case 4 or 5 or 6: return ZigZag(ref bytes);
            case 7: return BitConverter.ToDouble(Take(ref bytes, sizeof(double)));
            case 8: return Take(ref bytes, Length(ref bytes)).ToArray();
            case 9 or 10: return Values(ref bytes, depth);
            case 12: return Read(ref bytes, depth + 1);
            default: throw new InvalidDataException($"the type {type} of a field of the parquet file is not known");
        }
    }

    private static List<object> Values(ref ReadOnlySpan<byte> bytes, int depth)
    {
        if (depth > DeepestNesting) throw new InvalidDataException("the lists of the parquet file are nested too deeply");
        var header = Byte(ref bytes);
        var count = header >> 4 == 0xF ? Length(ref bytes) : header >> 4;
        var values = new List<object>();
        for (var i = 0; i < count; i++) values.Add(Value(ref bytes, header & 0xF, depth + 1, inList: true)); // Each takes a byte at least.
        return values;
    }

    private static byte Byte(ref ReadOnlySpan<byte> bytes) => Take(ref bytes, 1)[0];

    private static int Length(ref ReadOnlySpan<byte> bytes) => (int)Math.Min(VarInt(ref bytes), int.MaxValue);

    private static long ZigZag(ref ReadOnlySpan<byte> bytes)
    {
        var number = VarInt(ref bytes);
        return (long)(number >> 1) ^ -(long)(number & 1);
    }

    private static ulong VarInt(ref ReadOnlySpan<byte> bytes)
    {
        var number = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Byte(ref bytes);
            number |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80) return number;
        }
        throw new InvalidDataException("a number in the parquet file has no end");
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        if (count > bytes.Length) throw new InvalidDataException("a structure of the parquet file has no end");
        var taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }
}
