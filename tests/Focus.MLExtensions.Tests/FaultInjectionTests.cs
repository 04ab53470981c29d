using Microsoft.ML;

namespace Focus.Tests;

/// <summary>Disks that fail at any byte, files cut at any byte, and runs that meet in one folder.</summary>
[TestClass]
public sealed class FaultInjectionTests
{
    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void AModelWhoseWritingFailsAnywhereLeavesTheOldOne()
    {
        var mlContext = new MLContext(seed: 1);
        var model = mlContext.Focus.Trainers.Mlp(Blobs.Quick with { HiddenWidths = [2] }).Fit(mlContext.View(Blobs.Keyed(60)));
        FailAtEveryByte(stream => mlContext.Focus.Model.Save(model, stream), folder.Write("model.zip", "what was there before"));
    }

    [TestMethod]
    public void AGpt2WhoseWritingFailsAnywhereLeavesTheOldOne()
    {
        using var model = new Gpt2(new Gpt2Config { BlockSize = 2, VocabularySize = 3, Layers = 1, Heads = 1, Width = 2 });
        FailAtEveryByte(stream => Gpt2Files.Save(model, stream), folder.Write("model.safetensors", "what was there before"));
    }

    [TestMethod]
    public void ACheckpointWhoseWritingFailsAnywhereLeavesTheRunAsItWas()
    {
        var config = new Gpt2Config { BlockSize = 2, VocabularySize = 11, Layers = 1, Heads = 1, Width = 2 };
        var options = TinyRun.Options with { MaxSteps = 2, CheckpointFolder = folder.File("run") };
        TinyRun.Train(options, config).Model.Dispose();
        TinyRun.Train(options with { MaxSteps = 3, CheckpointFolder = folder.File("longer") }, config).Model.Dispose();
        var next = Safetensors.Load(Gpt2Checkpoint.Newest(folder.File("longer"))!);

        FailAtEveryByte(stream => Safetensors.Save(stream, next.Tensors, next.Metadata), Gpt2Checkpoint.Newest(folder.File("run"))!);

        TinyRun.Train(options with { MaxSteps = 3, Resume = true }, config).Model.Dispose();
        CollectionAssert.AreEqual(Weights("longer"), Weights("run"));

        byte[] Weights(string run)
        {
            using var model = Gpt2Checkpoint.LoadModel(Gpt2Checkpoint.Newest(folder.File(run))!);
            return TinyRun.Bits(model);
        }
    }

    [TestMethod]
    public void AJournalCutAnywhereIsCompletedToTheSameBytes()
    {
        var plan = new ScanPlan { Settings = [], Trainers = ["A"], BatchSizes = [2], LearningRates = [0.1, 1], Metrics = ["loss"], Replicates = 2, Steps = 2 };
        Scan();
        var path = folder.File("runs-1-of-1.jsonl");
        var whole = File.ReadAllBytes(path);
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Scan();
            CollectionAssert.AreEqual(whole, File.ReadAllBytes(path), $"cut to {length} bytes");
        }

        void Scan() => new TrainingScan(plan, folder.Path).Run((run, metrics, _) => metrics[0, 2] = run.Index, Shard.Whole, workers: 1);
    }

    [TestMethod]
    public void ARunRefusesTheCheckpointFolderOfAnother()
    {
        IOException? refusal = null;
        var options = TinyRun.Options with { MaxSteps = 2, CheckpointFolder = folder.File("run") };
        var progress = new TinyRun.Reporter(_ => refusal ??= Assert.ThrowsExactly<IOException>(() => TinyRun.Train(options with { Resume = true })));
        TinyRun.Train(options with { Progress = progress }).Model.Dispose();

        StringAssert.Contains(refusal!.Message, folder.File("run"));
        TinyRun.Train(options with { MaxSteps = 3, Resume = true }).Model.Dispose();
    }

    /// <summary>Replaces a file by what is written, but for a disk that fails at byte 0, 1, 2, …: the file's folder stays as it was.</summary>
    private static void FailAtEveryByte(Action<Stream> write, string path)
    {
        var sound = new MemoryStream();
        write(sound);
        var before = Contents();
        for (var length = 0L; length < sound.Length; length++)
        {
            Assert.Throws<IOException>(() => AtomicFile.Write(path, stream =>
            {
                using var full = new FullDisk(stream, length);
                write(full);
            }), $"byte {length}");
            CollectionAssert.AreEqual(before, Contents(), $"byte {length}");
        }

        string[] Contents() =>
            [.. Directory.EnumerateFiles(Path.GetDirectoryName(path)!).Order(StringComparer.Ordinal)
                .Select(file => $"{file} {Convert.ToBase64String(File.ReadAllBytes(file))}")];
    }

    /// <summary>Passes on so many bytes and then fails.</summary>
    private sealed class FullDisk(Stream target, long capacity) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => target.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
            var fitting = (int)Math.Min(count, capacity);
            target.Write(buffer, offset, fitting);
            capacity -= fitting;
            if (fitting < count) throw new IOException("No space left on device");
        }
    }
}
