using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>MNIST as a view with the columns Features and Label.</summary>
internal static class MnistDataView
{
    private const int Height = 28, Width = 28, Pixels = Height * Width, Classes = 10;

    /// <summary>The intensity of each byte: byte / 255.</summary>
    private static readonly float[] Intensities = [.. Enumerable.Range(0, 256).Select(value => value / 255f)];

    public static IDataView Create(string imagePath, string labelPath)
    {
        var images = IdxFile.ReadImages(imagePath, Height, Width);
        var labels = IdxFile.ReadVector(labelPath);
        if (images.Count != labels.Count)
            throw new InvalidDataException(
                $"'{imagePath}' holds {images.Count} images, but '{labelPath}' holds {labels.Count} labels; expected as many.");
        var invalid = labels.Data.IndexOfAnyExceptInRange((byte)0, (byte)(Classes - 1));
        if (invalid >= 0)
            throw new InvalidDataException(
                $"'{labelPath}', byte {labels.Offset(invalid)}: expected a label from 0 to {Classes - 1}, found {labels.Data[invalid]}.");

        return new IndexedDataView(images.Count,
            IndexedColumn.Create("Features", new VectorDataViewType(NumberDataViewType.Single, Pixels),
                (int row, ref VBuffer<float> features) => ReadImage(images.Data.Slice(row * Pixels, Pixels), ref features)),
            IndexedColumn.Create("Label", new KeyDataViewType(typeof(uint), Classes),
                (int row, ref uint label) => label = labels.Data[row] + 1u, DigitNames()));
    }

    private static void ReadImage(ReadOnlySpan<byte> image, ref VBuffer<float> features)
    {
        var editor = VBufferEditor.Create(ref features, Pixels);
        var values = editor.Values;
        var intensities = Intensities;
        for (var i = 0; i < image.Length && i < values.Length; i++) values[i] = intensities[image[i]];
        features = editor.Commit();
    }

    private static DataViewSchema.Annotations DigitNames()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        new KeyValues(KeyValueType.Text.Name, [.. Enumerable.Range(0, Classes).Select(digit => $"{digit}")]).AddTo(annotations);
        return annotations.ToAnnotations();
    }
}
