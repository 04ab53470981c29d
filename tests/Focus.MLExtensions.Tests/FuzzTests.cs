using System.Diagnostics;
using Microsoft.ML;
using static Focus.Tests.Archives;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>Readers given damaged files: they report the documented exceptions, take no memory beyond the file's size, and end.</summary>
/// <remarks>Runs for a few seconds a reader. To search for longer, set FOCUS_FUZZ_SECONDS to the seconds for each reader, and
/// FOCUS_FUZZ_SEED to another number.</remarks>
[TestClass]
public sealed class FuzzTests
{
    /// <summary>What a reader may take besides twice the size of its file.</summary>
    private const long SpareBytes = 64 << 20;

    private static readonly double Seconds = Setting("FOCUS_FUZZ_SECONDS", 4);
    private static readonly int Seed = (int)Setting("FOCUS_FUZZ_SEED", 1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void SafetensorsFiles() => Fuzz("a.safetensors", Tensors(), path =>
    {
        foreach (var tensor in Safetensors.Load(path).Tensors.Values) tensor.Dispose();
    });

    [TestMethod]
    public void NpyFiles()
    {
        NpyFile.Write(folder.File("sound.npy"), [1.0, 2, 3, 4, 5, 6], [2, 3]);
        var sound = File.ReadAllBytes(folder.File("sound.npy"));
        Utf8("'<f8', 'fortran_order': True,  'sh").CopyTo(sound, sound.AsSpan().IndexOf("'<f8'"u8));
        Fuzz("a.npy", sound, path => NpyFile.Read(path));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void IdxFiles(bool compressed)
    {
        byte[] sound = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28, .. new byte[2 * 28 * 28]];
        Fuzz(compressed ? "a.gz" : "a", compressed ? Gzip(sound) : sound, path => IdxFile.ReadImages(path, 28, 28));
    }

    [TestMethod]
    public void JsonLines() => Fuzz("a.jsonl", Utf8("{\"text\":\"one \\u00e9\",\"n\":[1,{\"a\":null}]}\n{\"text\":\"two\"}\n"), ReadTexts);

    [TestMethod]
    public void JsonArrays() => Fuzz("a.json", Utf8("[{\"text\":\"one \\u00e9\",\"n\":[1,{\"a\":null}]},\n{\"text\":\"two\"}]\n"), ReadTexts);

    [TestMethod]
    public void ParquetFiles() => Fuzz("a.parquet", ParquetFile("text", ["one", null, "two"], ["three"]), ReadTexts);

    [TestMethod]
    public void Vocabularies()
    {
        folder.Write("train.bin", new byte[8]);
        var sound = "gASVSQAAAAAAAAB9lCiMCnZvY2FiX3NpemWUSwOMBGl0b3OUfZQoSwCMAQqUSwGMAWGUSwKMAsOplHWMBHN0b2mUfZQoaARLAGgFSwFoBksCdXUu";
        Fuzz("meta.pkl", Convert.FromBase64String(sound), _ => PreparedCorpus.OfNanoGpt(folder.Path).CreateTokenizer());
    }

    [TestMethod]
    [DataRow(".tar")]
    [DataRow(".tar.gz")]
    [DataRow(".tar.xz")]
    [DataRow(".tar.zst")]
    [DataRow(".tar.bz2")]
    [DataRow(".zip")]
    public void ArchiveFiles(string ending)
    {
        var tar = Tar(("a.txt", Utf8(new string('a', 2000))), ("b.xz", Xz(Tar(("d.txt", Utf8("inner"))))), ("c.txt", Utf8("c")));
        Fuzz("a" + ending, ending switch
        {
            ".tar.gz" => Gzip(tar), ".tar.xz" => Xz(tar), ".tar.zst" => Zstandard(tar), ".tar.bz2" => Bzip2(tar), ".zip" => Zip(("a.tar", tar)), _ => tar,
        }, ReadTexts);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(20240520)]
    public void TokenFiles(int magic) => Fuzz("a.bin", [.. BitConverter.GetBytes(magic), 1, 0, 0, 0, 8, 0, 0, 0, .. new byte[1012 + 16]], path =>
    {
        using var tokens = TokenFile.Open(path);
        tokens.Read(0, new int[Math.Min(tokens.Count, 100)]);
    });

    [TestMethod]
    public void ModelFiles()
    {
        var mlContext = new MLContext(seed: 1);
        mlContext.Focus.Model.Save(mlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(mlContext.View(Blobs.Keyed(60))), folder.File("sound.zip"));
        Fuzz("a.zip", File.ReadAllBytes(folder.File("sound.zip")), path => mlContext.Focus.Model.Load(path));
    }

    [TestMethod]
    public void Gpt2ModelFiles()
    {
        using var model = new Gpt2(new Gpt2Config { BlockSize = 4, VocabularySize = 11, Layers = 1, Heads = 1, Width = 4 });
        Gpt2Files.Save(model, folder.File("sound.safetensors"));
        Fuzz("a.safetensors", File.ReadAllBytes(folder.File("sound.safetensors")), path => Gpt2Files.Load(path).Dispose());
    }

    [TestMethod]
    public void Checkpoints()
    {
        var config = new Gpt2Config { BlockSize = 2, VocabularySize = 11, Layers = 1, Heads = 1, Width = 2 };
        var options = TinyRun.Options with { MaxSteps = 2, CheckpointFolder = folder.Path, Resume = true };
        TinyRun.Train(options, config).Model.Dispose();
        var name = Path.GetFileName(Gpt2Checkpoint.Newest(folder.Path)!);
        Fuzz(name, File.ReadAllBytes(folder.File(name)), path =>
        {
            Gpt2Checkpoint.LoadModel(path).Dispose();
            TinyRun.Train(options, config).Model.Dispose();
        });
    }

    [TestMethod]
    public void RunLogs()
    {
        var plan = new ScanPlan { Settings = [], Trainers = ["A"], BatchSizes = [2], LearningRates = [0.1, 1], Metrics = ["loss"], Replicates = 2, Steps = 2 };
        new TrainingScan(plan, folder.Path).Run((_, metrics, _) => metrics[0, 2] = 1, Shard.Whole);
        const string name = "runs-1-of-1.jsonl";
        Fuzz(name, File.ReadAllBytes(folder.File(name)), _ => new TrainingScan(plan, folder.Path).Read());
        File.Delete(folder.File(name));
        Fuzz(ScanManifest.FileName, File.ReadAllBytes(folder.File(ScanManifest.FileName)), _ => new TrainingScan(plan, folder.Path));
    }

    [TestMethod]
    public void MetricsFiles()
    {
        TinyRun.Train(TinyRun.Options with { MaxSteps = 3, MetricsFile = folder.File("sound.jsonl") }).Model.Dispose();
        Fuzz("a.jsonl", File.ReadAllBytes(folder.File("sound.jsonl")), path => new JsonLinesMetrics(path, step: 2).Dispose());
    }

    [TestMethod]
    [DataRow("FOCUS(beta1=0.9, beta2=0.9, gamma=0.2)")]
    [DataRow("slow {\"Name\":\"MARS\",\"Form\":1,\"Gamma\":0.3,\"Auxiliary\":{\"Beta1\":0.8,\"Amsgrad\":true}}")]
    public void Optimizers(string text) => Fuzz("a.txt", Utf8(text), path => LandscapeOptimizer.Parse(File.ReadAllText(path)));

    private static byte[] Tensors()
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();
        Safetensors.Save(stream, new Dictionary<string, Tensor> { ["a"] = rand(2, 3), ["b"] = zeros(5, ScalarType.Int64) },
            new Dictionary<string, string> { ["format"] = "pt" });
        return stream.ToArray();
    }

    private static void ReadTexts(string path)
    {
        foreach (var document in TextDocuments.FromOpenWebText(path).Read(_ => { })) _ = document.Text.Length;
    }

    /// <summary>Gives a reader damaged copies of a file until the time is up.</summary>
    private void Fuzz(string name, byte[] sound, Action<string> read)
    {
        var random = new Random(Seed);
        var path = folder.File(name);
        var clock = Stopwatch.StartNew();
        for (var attempt = 0; clock.Elapsed.TotalSeconds < Seconds; attempt++)
        {
            var bytes = attempt == 0 ? sound : Damaged(sound, random);
            File.WriteAllBytes(path, bytes);
            var (allocated, started) = (GC.GetAllocatedBytesForCurrentThread(), clock.Elapsed);
            try
            {
                read(path);
            }
            catch (Exception error) when ((error is InvalidDataException or FormatException or ArgumentOutOfRangeException || IsOfAnotherRun(error)) && attempt > 0)
            {
            }
            catch (Exception error)
            {
                Assert.Fail($"Attempt {attempt} of seed {Seed}, {Describe(bytes)}: {error}");
            }
            Assert.IsLessThan(2L * bytes.Length + SpareBytes, GC.GetAllocatedBytesForCurrentThread() - allocated, $"attempt {attempt}, {Describe(bytes)}");
            Assert.IsLessThan(Longest, clock.Elapsed - started, $"attempt {attempt}, {Describe(bytes)}");
        }
    }

    /// <summary>A copy with bytes changed, numbers replaced by extreme ones, parts removed, doubled or cut off.</summary>
    private static byte[] Damaged(byte[] sound, Random random)
    {
        var bytes = new List<byte>(sound);
        for (var i = random.Next(1, 5); i > 0 && bytes.Count > 1; i--)
        {
            var at = random.Next(bytes.Count);
            var count = random.Next(1, Math.Min(16, bytes.Count - at) + 1);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveRange(at, count); break;
                case 3: bytes.InsertRange(at, bytes.GetRange(at, count)); break;
                case 4: bytes.RemoveRange(at, bytes.Count - at); break;
                default:
                    for (var j = 0; j < count; j++) bytes[at + j] = (byte)(random.Next(2) * 255);
                    break;
            }
        }
        return [.. bytes];
    }

    /// <summary>Whether a reader says that a folder's run or scan has other settings, as it must where only a setting is damaged.</summary>
    private static bool IsOfAnotherRun(Exception error)
        => error is ArgumentException or InvalidOperationException
            && new[] { "another folder", "Set MaxSteps" }.Any(remedy => error.Message.Contains(remedy, StringComparison.Ordinal));

    private static string Describe(byte[] bytes) => $"{bytes.Length} bytes {Convert.ToBase64String(bytes.AsSpan(0, Math.Min(bytes.Length, 3000)))}";

    private static double Setting(string name, double otherwise)
        => Environment.GetEnvironmentVariable(name) is { } text ? double.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : otherwise;
}
