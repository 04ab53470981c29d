using System.Buffers.Binary;
using Google.Protobuf;

namespace Focus.Tests;

[TestClass]
public sealed class TensorBoardTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [TestMethod]
    public void EventFilesHoldEveryStepsScalars()
    {
        var (_, steps) = TinyRun.Watch(TinyRun.Options with { MaxSteps = 3, TensorBoardFolder = folder.Path });
        StringAssert.StartsWith(folder.FileNames.Single(), "events.out.tfevents.");
        var events = Events(folder.FileNames.Single());
        Assert.AreEqual("brain.Event:2", events[0].FileVersion);
        Assert.HasCount(5, events);
        for (var i = 0; i < 3; i++)
        {
            Assert.AreEqual(i + 1, events[i + 2].Step);
            Assert.AreEqual((float)steps[i].Loss, events[i + 2].Scalars["training/loss"]);
            Assert.AreEqual((float)steps[i].GradientNorm!.Value, events[i + 2].Scalars["training/gradient_norm"]);
            Assert.AreEqual(i == 2, events[i + 2].Scalars.ContainsKey("evaluation/parameter_norm"));
            Assert.AreEqual(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), events[i + 2].WallTime, 60);
        }
    }

    [TestMethod]
    public void ARunBegunAnewTakesTheOldOnesPlace()
    {
        var options = TinyRun.Options with { MaxSteps = 2, TensorBoardFolder = folder.Path };
        TinyRun.Train(options).Model.Dispose();
        TinyRun.Train(options).Model.Dispose();
        var restart = Events(folder.FileNames[1])[1];
        Assert.AreEqual((1L, true), (restart.Step, restart.IsRestart));
    }

    [TestMethod]
    public void AResumedRunSaysWhereItGoesOn()
    {
        var options = TinyRun.Options with { MaxSteps = 2, TensorBoardFolder = folder.Path, CheckpointFolder = folder.File("run") };
        TinyRun.Train(options).Model.Dispose();
        TinyRun.Train(options with { MaxSteps = 4, Resume = true }).Model.Dispose();
        Assert.HasCount(2, folder.FileNames);
        var events = Events(folder.FileNames[1]);
        Assert.AreEqual((3L, true), (events[1].Step, events[1].IsRestart));
        CollectionAssert.AreEqual(new long[] { 3, 4 }, events.Skip(2).Select(step => step.Step).ToArray());
    }

    private sealed record Event(double WallTime, long Step, string FileVersion, bool IsRestart, Dictionary<string, float> Scalars);

    /// <summary>Reads an event file with a reader of its own: bit-wise check sums, and field numbers from TensorFlow's event.proto.</summary>
    private List<Event> Events(string name)
    {
        var bytes = File.ReadAllBytes(folder.File(name));
        var events = new List<Event>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
            Assert.AreEqual(Masked(bytes.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)));
            var data = bytes.AsSpan(at + 12, length).ToArray();
            Assert.AreEqual(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)));
            events.Add(Parse(new CodedInputStream(data)));
            at += length + 16;
        }
        return events;
    }

    private static Event Parse(CodedInputStream input)
    {
        var (time, step, version, restart) = (0.0, 0L, "", false);
        var scalars = new Dictionary<string, float>();
        while (input.ReadTag() is var tag && tag != 0)
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1: time = input.ReadDouble(); break;
                case 2: step = input.ReadInt64(); break;
                case 3: version = input.ReadString(); break;
                case 5: ReadSummary(input.ReadBytes().CreateCodedInput(), scalars); break;
                case 7: restart = input.ReadBytes().SequenceEqual<byte>([8, 1]); break; // status = START
                default: Assert.Fail($"unexpected tag {tag}"); break;
            }
        }
        return new Event(time, step, version, restart, scalars);
    }

    private static void ReadSummary(CodedInputStream summary, Dictionary<string, float> scalars)
    {
        while (summary.ReadTag() == 10)
        {
            var value = summary.ReadBytes().CreateCodedInput();
            Assert.AreEqual(10u, value.ReadTag());
            var tag = value.ReadString();
            Assert.AreEqual(21u, value.ReadTag());
            scalars.Add(tag, value.ReadFloat());
        }
    }

    private static uint Masked(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : 0x82F63B78u);
        }
        crc = ~crc;
        return unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8u);
    }
}
