using Microsoft.ML;

namespace Focus;

/// <summary>The data sets of the paper (arXiv:2501.12243) as views.</summary>
public sealed class FocusDataCatalog
{
    internal FocusDataCatalog()
    {
    }

    /// <summary>Loads the MNIST digits from their IDX files, gzipped or plain, into memory.</summary>
    /// <param name="folder">
    /// The folder that holds, for the training set, <c>train-images-idx3-ubyte</c> and <c>train-labels-idx1-ubyte</c>, and for the test set
    /// the same with <c>t10k</c>; also under the names <c>train-images.idx3-ubyte</c> and so on, each with or without <c>.gz</c>.
    /// </param>
    /// <param name="split">The training or the test set.</param>
    /// <param name="download">Where to download files from that the folder lacks; null to download nothing.</param>
    /// <returns>
    /// A view of 60,000 or 10,000 rows with the columns <c>Features</c> (vector of 784 Single in [0, 1]: a 28 × 28 image row by row, byte /
    /// 255) and <c>Label</c> (key of 10 values "0" … "9").
    /// </returns>
    /// <exception cref="FileNotFoundException">A file is missing and <paramref name="download"/> is null.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is not what it should be; the message gives path, offset, what was expected and what was found.
    /// </exception>
    /// <exception cref="ArgumentException">The folder has no name, or the download's address is not an absolute http or https
    /// address.</exception>
    /// <exception cref="HttpRequestException">A download failed. Neither then nor when a checksum does not match is anything left
    /// behind.</exception>
    /// <exception cref="OperationCanceledException">The download was cancelled.</exception>
    public IDataView LoadMnist(string folder, MnistSplit split, MnistDownload? download = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var names = MnistFileNames.Of(split);
        if (download is not null) new MnistDownloader(download).Complete(folder, names);
        return MnistDataView.Create(names.Images.Find(folder), names.Labels.Find(folder));
    }

    /// <summary>Makes the cells of a phase diagram: one row for each combination of the values given, the last axis varying
    /// fastest.</summary>
    /// <remarks><see cref="Grid"/> makes evenly spaced values. What is not given is no column; <see cref="LandscapeScan.Options"/> sets
    /// it.</remarks>
    /// <param name="sharpness">a, the curvature across the valley; finite, at least 0. Column <c>Sharpness</c>.</param>
    /// <param name="noise">σ, the spread of each gradient's components; 0 to 1e6. Column <c>Noise</c>.</param>
    /// <param name="weightDecay">ω, the decay of the parameters; finite, at least 0. Column <c>WeightDecay</c>.</param>
    /// <param name="slope">c, the fall of the loss along the valley; finite, at least 0. Column <c>Slope</c>.</param>
    /// <returns>A view with a column of Double for each axis given, in this order.</returns>
    /// <exception cref="ArgumentException">No axis is given, one is empty, a value is outside its range, or there are more than 2³¹ − 1
    /// cells.</exception>
    public IDataView LandscapeGrid(
        IReadOnlyList<double>? sharpness = null, IReadOnlyList<double>? noise = null, IReadOnlyList<double>? weightDecay = null,
        IReadOnlyList<double>? slope = null)
        => LandscapeGridView.Create(
            (CellAxis.Sharpness, sharpness), (CellAxis.Noise, noise), (CellAxis.WeightDecay, weightDecay), (CellAxis.Slope, slope));
}
