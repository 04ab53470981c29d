using Focus;
using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Mnist;

/// <summary>MNIST as tensors, which many runs can share.</summary>
internal static class MnistTensors
{
    public static ClassificationData Load(string folder, MnistSplit split)
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
        return new ClassificationData(tensor(features).reshape(rows, PaperNetwork.Pixels), tensor(labels));
    }
}
