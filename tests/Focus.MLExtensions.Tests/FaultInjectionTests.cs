using Microsoft.ML;

namespace Focus.Tests;

/// <summary>Disks that fail at any byte, and runs that meet in one folder.</summary>
[TestClass]
public sealed class FaultInjectionTests
{
    private const string Before = "what was there before";

    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void AModelWhoseWritingFailsAnywhereLeavesTheOldOne()
    {
        var mlContext = new MLContext(seed: 1);
        var model = mlContext.Focus.Trainers.Mlp(Blobs.Quick with { HiddenWidths = [2] }).Fit(mlContext.View(Blobs.Keyed(60)));
        FailAtEveryByte(stream => mlContext.Focus.Model.Save(model, stream));
    }

    [TestMethod]
    public void AGpt2WhoseWritingFailsAnywhereLeavesTheOldOne()
    {
        using var model = new Gpt2(new Gpt2Config { BlockSize = 2, VocabularySize = 3, Layers = 1, Heads = 1, Width = 2 });
        FailAtEveryByte(stream => Gpt2Files.Save(model, stream));
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

    /// <summary>Replaces a file by what is written, but for a disk that fails at byte 0, 1, 2, ….</summary>
    private void FailAtEveryByte(Action<Stream> write)
    {
        var sound = new MemoryStream();
        write(sound);
        var path = folder.Write("file", Before);
        for (var length = 0L; length < sound.Length; length++)
        {
            Assert.Throws<IOException>(() => AtomicFile.Write(path, stream =>
            {
                using var full = new FullDisk(stream, length);
                write(full);
            }), $"byte {length}");
            Assert.AreEqual(Before, File.ReadAllText(path), $"byte {length}");
            CollectionAssert.AreEqual(new[] { "file" }, folder.FileNames.ToArray(), $"byte {length}");
        }
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
