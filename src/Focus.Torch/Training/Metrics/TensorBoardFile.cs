using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;

namespace Focus;

/// <summary>An event file as TensorBoard reads them: framed records, each a protocol buffer of type Event.</summary>
/// <remarks>
/// A record is the length of its data (8 bytes), a check sum of those, the data, and a check sum of it, all little-endian. The field numbers
/// below are those of tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.
/// </remarks>
internal sealed class TensorBoardFile : IDisposable
{
    private const int WallTime = 1, Step = 2, FileVersion = 3, Summary = 5, SessionLog = 7;
    private const int SummaryValue = 1, ValueTag = 1, ValueSimple = 2;
    private const int SessionStatus = 1, SessionStart = 1;

    private static int files;

    private readonly FileStream stream;

    /// <summary>Creates a file of its own in a folder, which is made where it is missing.</summary>
    public TensorBoardFile(string folder)
    {
        Directory.CreateDirectory(folder);
        // TensorBoard reads a folder's files in the order of their names.
        var name = $"events.out.tfevents.{DateTimeOffset.UtcNow.ToUnixTimeSeconds():D10}.{Environment.MachineName}.{Environment.ProcessId}";
        var path = Path.Combine(folder, $"{name}.{Interlocked.Increment(ref files)}");
        stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        WriteEvent(0, output =>
        {
            output.WriteTag(FileVersion, WireFormat.WireType.LengthDelimited);
            output.WriteString("brain.Event:2");
        });
    }

    /// <summary>Marks everything from a step on in the folder's earlier files as out of date.</summary>
    public void WriteRestart(long step) => WriteEvent(step, output => WriteMessage(output, SessionLog, session =>
    {
        session.WriteTag(SessionStatus, WireFormat.WireType.Varint);
        session.WriteEnum(SessionStart);
    }));

    /// <summary>Writes named values of a step.</summary>
    public void WriteScalars(long step, IEnumerable<(string Name, float Value)> scalars)
        => WriteEvent(step, output => WriteMessage(output, Summary, summary =>
        {
            foreach (var (name, value) in scalars) WriteMessage(summary, SummaryValue, message =>
            {
                message.WriteTag(ValueTag, WireFormat.WireType.LengthDelimited);
                message.WriteString(name);
                message.WriteTag(ValueSimple, WireFormat.WireType.Fixed32);
                message.WriteFloat(value);
            });
        }));

    public void Dispose() => stream.Dispose();

    private void WriteEvent(long step, Action<CodedOutputStream> write)
    {
        WriteRecord(Message(output =>
        {
            output.WriteTag(WallTime, WireFormat.WireType.Fixed64);
            output.WriteDouble(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0);
            output.WriteTag(Step, WireFormat.WireType.Varint);
            output.WriteInt64(step);
            write(output);
        }));
        stream.Flush();
    }

    private void WriteRecord(ReadOnlySpan<byte> data)
    {
        Span<byte> length = stackalloc byte[sizeof(long)], sum = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt64LittleEndian(length, data.Length);
        stream.Write(length);
        BinaryPrimitives.WriteUInt32LittleEndian(sum, CheckSum(length));
        stream.Write(sum);
        stream.Write(data);
        BinaryPrimitives.WriteUInt32LittleEndian(sum, CheckSum(data));
        stream.Write(sum);
    }

    private static void WriteMessage(CodedOutputStream output, int field, Action<CodedOutputStream> write)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(Message(write)));
    }

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true)) write(output);
        return bytes.ToArray();
    }

    /// <summary>CRC-32C, rotated and shifted as the TFRecord format asks for.</summary>
    private static uint CheckSum(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data) crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xA282EAD8;
    }
}
