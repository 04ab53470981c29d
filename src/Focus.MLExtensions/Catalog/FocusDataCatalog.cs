using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Focus;

/// <summary>The data sets of the paper (arXiv:2501.12243), texts and tokens as views.</summary>
public sealed class FocusDataCatalog
{
    private readonly IHostEnvironment environment;

    internal FocusDataCatalog(IHostEnvironment environment) => this.environment = environment;

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

    /// <summary>Loads text files in UTF-8, with or without a byte order mark.</summary>
    /// <param name="path">A file; a folder, whose files <c>*.txt</c> are read, those in folders below too; or a pattern with <c>*</c> for any
    /// name and <c>**</c> for any folders, such as <c>corpus/**/*.txt</c>.</param>
    /// <param name="perLine">Whether each line that is not blank is a row, or else each file.</param>
    /// <returns>
    /// A view with the columns <c>Text</c> and <c>Source</c> (text: the file, and the number of the line), in the order of the files' names. It
    /// reads the files anew for each cursor, one row at a time, and does not know how many rows there are. What is not text is left out, with a
    /// warning in <c>MLContext.Log</c> that says where and why, and one with the number of such rows at the end; where nothing at all is text,
    /// reading ends with an <see cref="InvalidDataException"/> that names the first.
    /// </returns>
    /// <exception cref="FileNotFoundException">The file is missing, or no file matches the folder or pattern.</exception>
    public IDataView LoadText(string path, bool perLine = false) => LoadText([path], perLine);

    /// <summary>Loads text files from several places.</summary>
    /// <param name="paths">Files, folders and patterns, at least one; read in this order.</param>
    /// <param name="perLine">Whether each line that is not blank is a row, or else each file.</param>
    /// <exception cref="ArgumentException">There are no paths.</exception>
    /// <inheritdoc cref="LoadText(string, bool)"/>
    public IDataView LoadText(IEnumerable<string> paths, bool perLine = false)
        => TextDataView.Create(TextDocuments.FromFiles(paths, perLine), environment);

    /// <summary>Loads a corpus as OpenWebText is distributed: archives of text files, compressed archives within archives, or JSON
    /// lines.</summary>
    /// <param name="path">
    /// A file, a folder, all of whose files are read, or a pattern: tar archives, and anything compressed as xz or gzip, are opened however
    /// deep they lie; in them a file <c>*.txt</c> is a row, and each line of a file <c>*.json</c>, <c>*.jsonl</c> or <c>*.ndjson</c> is an object
    /// whose field <c>text</c> is one.
    /// </param>
    /// <inheritdoc cref="LoadText(string, bool)" path="/returns"/>
    /// <inheritdoc cref="LoadText(string, bool)" path="/exception"/>
    public IDataView LoadOpenWebText(string path) => TextDataView.Create(TextDocuments.FromOpenWebText(path), environment);

    /// <summary>Opens a file of tokens, such as nanoGPT's <c>train.bin</c>: little-endian, without a header.</summary>
    /// <remarks>The file is mapped into memory: it opens at once however long it is, and stays open as long as the view is used.
    /// <see cref="Gpt2Pretrainer"/> takes its tokens at random offsets from there and reads no rows.</remarks>
    /// <param name="path">The file.</param>
    /// <param name="width">The bytes of a token, which the file does not say.</param>
    /// <param name="rowLength">The tokens of a row, ≥ 1.</param>
    /// <returns>A view with the column <c>Tokens</c> (a vector of Int32), whose last row is shorter where the tokens do not divide
    /// evenly.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is empty, or its length is no multiple of the width.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The width is none of the two, or the row length makes no rows, or more than
    /// 2³¹ − 1.</exception>
    public IDataView LoadTokens(string path, TokenWidth width = TokenWidth.UInt16, int rowLength = 1024)
        => TokenDataView.Open(path, width, rowLength);
}
