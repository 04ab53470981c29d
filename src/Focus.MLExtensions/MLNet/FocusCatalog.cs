using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Focus;

/// <summary>What <c>mlContext.Focus</c> offers.</summary>
public sealed class FocusCatalog
{
    private readonly MLContext mlContext;

    internal FocusCatalog(MLContext mlContext)
    {
        this.mlContext = mlContext;
        Data = new FocusDataCatalog(mlContext);
        Transforms = new FocusTransformCatalog();
        Trainers = new FocusTrainerCatalog(mlContext);
        Landscapes = new FocusLandscapeCatalog();
        Model = new FocusModelCatalog();
        TorchSharpConflict.Warn(mlContext);
    }

    /// <summary>Loads data sets as views.</summary>
    public FocusDataCatalog Data { get; }

    /// <summary>Transforms between text and tokens.</summary>
    public FocusTransformCatalog Transforms { get; }

    /// <summary>Trains models.</summary>
    public FocusTrainerCatalog Trainers { get; }

    /// <summary>Simulates optimizers on toy landscapes.</summary>
    public FocusLandscapeCatalog Landscapes { get; }

    /// <summary>Saves and loads this library's models in a format of its own.</summary>
    public FocusModelCatalog Model { get; }

    /// <summary>A GPT-2, trained to predict each next token from scratch, or from the weights of <see cref="Gpt2Pretrainer.Options.Initial"/>.</summary>
    /// <param name="options">Model, optimizer, data, and length of the run.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    /// <example>
    /// <code>
    /// var mlContext = new MLContext(seed: 1);
    /// var corpus = mlContext.Focus.Data.LoadText("corpus/**/*.txt");
    /// var pipeline = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text")
    ///     .Append(mlContext.Focus.Gpt2Pretrainer(new Gpt2Pretrainer.Options
    ///     {
    ///         Model = new Gpt2Config { BlockSize = 64, VocabularySize = 256, Layers = 2, Heads = 4, Width = 128 },
    ///         Optimizer = new FocusOptions { LearningRate = 7e-4, Beta2 = 0.99, Gamma = 0.2 },
    ///         AccumulationSteps = 1,
    ///         MaxSteps = 600,
    ///     }));
    /// ITransformer model = pipeline.Fit(corpus);
    /// mlContext.Model.Save(model, corpus.Schema, "gpt2.zip");
    /// </code>
    /// </example>
    public Gpt2Pretrainer Gpt2Pretrainer(Gpt2Pretrainer.Options options) => new(mlContext, options);

    /// <summary>A GPT-2, trained from scratch to predict each next token, with defaults for all but the optimizer: the paper's GPT-2 small and
    /// its run of 100,000 steps.</summary>
    /// <param name="optimizer">The optimizer and its hyperparameters, such as <see cref="FocusOptions"/>.</param>
    /// <param name="tokenColumnName">The column of tokens: a vector of Int32.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    public Gpt2Pretrainer Gpt2Pretrainer(OptimizerSettings optimizer, string tokenColumnName = "Tokens")
        => Gpt2Pretrainer(new Gpt2Pretrainer.Options { Optimizer = optimizer, TokenColumnName = tokenColumnName });

    /// <summary>Makes a transformer of a network that is trained already, for chains, prediction engines and model files.</summary>
    /// <param name="network">The network, which the transformer takes over, and frees when it is disposed of; such as one of
    /// <see cref="HuggingFaceGpt2.Load(string, Gpt2Config?)"/> or <see cref="Gpt2Files.Load(string, Gpt2Config?)"/>.</param>
    /// <param name="options">Columns, separator and generation; what concerns training is not used. Null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    /// <example>
    /// <code>
    /// var mlContext = new MLContext(seed: 1);
    /// var texts = mlContext.Focus.Data.LoadText("texts/*.txt");
    /// var gpt2 = mlContext.Focus.Gpt2Transformer(HuggingFaceGpt2.Load("gpt2"), new Gpt2Pretrainer.Options { GenerateTokens = 40 });
    /// ITransformer model = mlContext.Focus.Transforms.TokenizeGpt2("Tokens", "Text").Fit(texts).Append(gpt2);
    /// mlContext.Model.Save(model, texts.Schema, "gpt2.zip");
    /// </code>
    /// </example>
    public Gpt2Transformer Gpt2Transformer(Gpt2 network, Gpt2Pretrainer.Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        options = (options ?? new Gpt2Pretrainer.Options()) with { Model = network.Config };
        var scoring = Gpt2Scoring.Of(options, options.Separator);
        scoring.Validate(network.Config);
        return new Gpt2Transformer(network, scoring);
    }
}

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

    /// <summary>Loads a corpus as OpenWebText and others are distributed: parquet, JSON, archives of text files, compressed archives within
    /// archives.</summary>
    /// <param name="path">A file, a folder, all of whose files are read, or a pattern; see
    /// <see cref="TextDocuments.FromOpenWebText(string)"/>. Each document is a row.</param>
    /// <inheritdoc cref="LoadText(string, bool)" path="/returns"/>
    /// <inheritdoc cref="LoadText(string, bool)" path="/exception"/>
    public IDataView LoadOpenWebText(string path) => TextDataView.Create(TextDocuments.FromOpenWebText(path), environment);

    /// <summary>Opens a file of tokens, such as nanoGPT's <c>train.bin</c> (little-endian, without a header), llm.c's or a NumPy array of one
    /// dimension, whose headers are recognised.</summary>
    /// <remarks>The file is mapped into memory: it opens at once however long it is, and stays open as long as the view is used.
    /// <see cref="Gpt2Pretrainer"/> takes its tokens at random offsets from there and reads no rows.</remarks>
    /// <param name="path">The file.</param>
    /// <param name="width">The bytes of a token where the file has no header that says it.</param>
    /// <param name="rowLength">The tokens of a row, ≥ 1.</param>
    /// <returns>A view with the column <c>Tokens</c> (a vector of Int32), whose last row is shorter where the tokens do not divide
    /// evenly.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is empty, its length is no multiple of the width or not what its header says, or it
    /// holds something else.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The width is none of the two, or the row length makes no rows, or more than
    /// 2³¹ − 1.</exception>
    public IDataView LoadTokens(string path, TokenWidth width = TokenWidth.UInt16, int rowLength = 1024)
        => TokenDataView.Open(path, width, rowLength);
}

/// <summary>Transforms between text and tokens.</summary>
public sealed class FocusTransformCatalog
{
    internal FocusTransformCatalog()
    {
    }

    /// <summary>Makes tokens of text with GPT-2's byte-pair encoding (ML.NET's tokenizer for the model <c>gpt2</c>), of 50,257 tokens.</summary>
    /// <param name="outputColumnName">The column to make: a vector of Int32 of varying length.</param>
    /// <param name="inputColumnName">The column of text, or null for the same name.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public TokenizingEstimator TokenizeGpt2(string outputColumnName, string? inputColumnName = null)
        => TokenizingEstimator.Gpt2(outputColumnName, inputColumnName);

    /// <summary>Makes text of GPT-2's tokens.</summary>
    /// <param name="outputColumnName">The column to make: text.</param>
    /// <param name="inputColumnName">The column of tokens, a vector of Int32; null for the same name.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public DetokenizingEstimator DetokenizeGpt2(string outputColumnName, string? inputColumnName = null)
        => new(outputColumnName, inputColumnName, NamedTokenizer.Gpt2());

    /// <summary>Makes a token of each character, of the vocabulary of all characters in the data it is fitted to.</summary>
    /// <remarks><c>Fit</c> reads the data once. The transformer's <see cref="TokenizingTransformer.Tokenizer"/> is a
    /// <see cref="CharacterTokenizer"/>.</remarks>
    /// <param name="outputColumnName">The column to make: a vector of Int32 of varying length.</param>
    /// <param name="inputColumnName">The column of text, or null for the same name.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public TokenizingEstimator TokenizeCharacters(string outputColumnName, string? inputColumnName = null)
        => TokenizingEstimator.Characters(outputColumnName, inputColumnName);

    /// <summary>Makes text of the tokens of characters.</summary>
    /// <param name="outputColumnName">The column to make: text.</param>
    /// <param name="inputColumnName">The column of tokens, a vector of Int32; null for the same name.</param>
    /// <param name="tokenizer">The tokenizer, or null for that of the column: columns that <see cref="TokenizeCharacters"/> made, and what
    /// a <see cref="Gpt2Transformer"/> made of them, carry their vocabulary.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public DetokenizingEstimator DetokenizeCharacters(
        string outputColumnName, string? inputColumnName = null, CharacterTokenizer? tokenizer = null)
        => new(outputColumnName, inputColumnName, tokenizer is null ? null : NamedTokenizer.Characters(tokenizer));
}

/// <summary>Trainers whose optimizer is an options object.</summary>
public sealed class FocusTrainerCatalog
{
    private readonly IHostEnvironment environment;

    internal FocusTrainerCatalog(IHostEnvironment environment) => this.environment = environment;

    /// <summary>A multi-layer perceptron for multiclass classification.</summary>
    /// <param name="options">Network, optimizer and length of the run.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    /// <example>
    /// <code>
    /// var mlContext = new MLContext(seed: 1);
    /// var train = mlContext.Focus.Data.LoadMnist("mnist", MnistSplit.Train, new MnistDownload());
    /// var test = mlContext.Focus.Data.LoadMnist("mnist", MnistSplit.Test, new MnistDownload());
    /// var model = mlContext.Focus.Trainers.Mlp(new MlpTrainer.Options { Optimizer = new SignumOptions { LearningRate = 1e-3 }, Epochs = 5 })
    ///     .Fit(train);
    /// var metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(test));
    /// </code>
    /// </example>
    public MlpTrainer Mlp(MlpTrainer.Options options) => new(environment, options);

    /// <summary>A multi-layer perceptron for multiclass classification, with defaults for all but the optimizer.</summary>
    /// <param name="optimizer">The optimizer and its hyperparameters, such as <see cref="FocusOptions"/>.</param>
    /// <param name="labelColumnName">The label column: a key.</param>
    /// <param name="featureColumnName">The feature column: a vector of Single of known size.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    public MlpTrainer Mlp(OptimizerSettings optimizer, string labelColumnName = "Label", string featureColumnName = "Features")
        => Mlp(new MlpTrainer.Options { Optimizer = optimizer, LabelColumnName = labelColumnName, FeatureColumnName = featureColumnName });
}

/// <summary>The toy landscapes of the paper (arXiv:2501.12243).</summary>
public sealed class FocusLandscapeCatalog
{
    internal FocusLandscapeCatalog()
    {
    }

    /// <summary>Simulates optimizers on L = ½·a·u²·v² − c·u, the valley that narrows as the loss falls, for each row of a view.</summary>
    /// <param name="options">Optimizers, runs and the cell values that the data have no column for; null for the paper's.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    /// <example>
    /// <code>
    /// var mlContext = new MLContext();
    /// var grid = mlContext.Focus.Data.LandscapeGrid(sharpness: Grid.LogSpace(0.1, 1000, 12), noise: Grid.LinSpace(0, 3, 10));
    /// var phase = mlContext.Focus.Landscapes.NarrowingValley().Fit(grid).Transform(grid);
    /// </code>
    /// </example>
    public LandscapeScan NarrowingValley(LandscapeScan.Options? options = null) => Scan(Landscape.NarrowingValley, options);

    /// <summary>Simulates optimizers on L = ½·a·v² − c·u, the valley of the same width everywhere, for each row of a view.</summary>
    /// <inheritdoc cref="NarrowingValley"/>
    public LandscapeScan QuadraticValley(LandscapeScan.Options? options = null) => Scan(Landscape.QuadraticValley, options);

    private static LandscapeScan Scan(Landscape landscape, LandscapeScan.Options? options)
        => new((options ?? new LandscapeScan.Options()) with { Landscape = landscape });
}

/// <summary>Saves and loads this library's models by themselves, in a format that needs nothing of ML.NET's.</summary>
/// <remarks>
/// The file is a zip of JSON (manifest and configuration) and safetensors (weights). Use <c>mlContext.Model.Save</c> and <c>Load</c> for
/// chains. These methods save a single model.
/// </remarks>
public sealed class FocusModelCatalog
{
    internal FocusModelCatalog()
    {
    }

    /// <summary>Saves a model to a file, which appears or is replaced as a whole.</summary>
    /// <param name="model">One of this library's transformers; of a chain, its <c>LastTransformer</c>.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file could not be written; what was there before is still there.</exception>
    public void Save(FocusTransformer model, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, stream => ModelFile.Save(model, stream));
    }

    /// <summary>Saves a model to a stream.</summary>
    /// <param name="model">One of this library's transformers; of a chain, its <c>LastTransformer</c>.</param>
    /// <param name="stream">A writable stream, which stays open.</param>
    public void Save(FocusTransformer model, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(stream);
        ModelFile.Save(model, stream);
    }

    /// <summary>Loads a model from a file.</summary>
    /// <param name="path">A file that <see cref="Save(FocusTransformer, string)"/> wrote.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a model, cut short, or of another version.</exception>
    public FocusTransformer Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return AtomicFile.Read(path, ModelFile.Load);
    }

    /// <summary>Loads a model from a stream.</summary>
    /// <param name="stream">A readable stream at the start of what <see cref="Save(FocusTransformer, Stream)"/> wrote; it stays
    /// open.</param>
    /// <exception cref="InvalidDataException">The stream is not a model, cut short, or of another version.</exception>
    public FocusTransformer Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return ModelFile.Load(stream);
    }
}
