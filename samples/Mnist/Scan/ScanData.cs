using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Focus;
using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Mnist;

/// <summary>MNIST as tensors, which many runs share.</summary>
internal sealed class ScanData : IDisposable
{
    private readonly Split train, test;

    private ScanData(Split train, Split test) => (this.train, this.test) = (train, test);

    public ClassificationData Train => train.Rows;

    public ClassificationData Test => test.Rows;

    /// <exception cref="FileNotFoundException">The folder lacks a file.</exception>
    /// <exception cref="InvalidDataException">A file is not what it should be.</exception>
    public static ScanData Load(string folder) => new(Load(folder, MnistSplit.Train), Load(folder, MnistSplit.Test));

    /// <summary>What tells these data from others.</summary>
    public JsonObject Describe() => new() { ["train"] = train.Describe(), ["test"] = test.Describe() };

    public void Dispose()
    {
        Train.Dispose();
        Test.Dispose();
    }

    private static Split Load(string folder, MnistSplit split)
    {
        var view = new MLContext().Focus.Data.LoadMnist(folder, split);
        var rows = (int)view.GetRowCount()!.Value;
        var features = new float[rows * PaperNetwork.Pixels];
        var labels = new long[rows];
        using var cursor = view.GetRowCursor(view.Schema);
        var readFeatures = cursor.GetGetter<VBuffer<float>>(view.Schema["Features"]);
        var readLabel = cursor.GetGetter<uint>(view.Schema["Label"]);
        var image = default(VBuffer<float>);
        var key = 0u;
        for (var row = 0; cursor.MoveNext(); row++)
        {
            readFeatures(ref image);
            image.CopyTo(features.AsSpan(row * PaperNetwork.Pixels, PaperNetwork.Pixels));
            readLabel(ref key);
            labels[row] = key - 1;
        }
        var data = new ClassificationData(tensor(features).reshape(rows, PaperNetwork.Pixels), tensor(labels));
        return new(data, Hash<float>(features), Hash<long>(labels));
    }

    private static string Hash<T>(ReadOnlySpan<T> values) where T : struct
        => Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(values)));

    /// <summary>Images and labels, and SHA-256 sums of their numbers.</summary>
    private sealed record Split(ClassificationData Rows, string Images, string Labels)
    {
        public JsonObject Describe() => new() { ["rows"] = Rows.Count, ["images_sha256"] = Images, ["labels_sha256"] = Labels };
    }
}
