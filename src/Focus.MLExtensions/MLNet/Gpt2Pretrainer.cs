using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static System.FormattableString;

namespace Focus;

/// <summary>Trains a GPT-2 to predict each next token, from scratch or from the weights of another, with any of this library's
/// optimizers.</summary>
/// <remarks>
/// <para>
/// Input: a column of tokens, a vector of Int32. Output: <c>Loss</c>, a row's mean cross-entropy per token in nats, and <c>Perplexity</c>,
/// its exponential (both Single; NaN for rows of fewer than two tokens); on request <c>Continuation</c>, the tokens the model goes on with (a
/// vector of Int32).
/// </para>
/// <para>
/// All rows are one sequence, separated by <see cref="Options.Separator"/>, from which batches are taken at random offsets. It is held in
/// memory, in two bytes a token where ids fit, but for views of <c>mlContext.Focus.Data.LoadTokens</c>, which are read where they lie. With a
/// seed, in the options or in the context, runs on the CPU repeat. Checkpoints and metrics are as the options say; a run is resumed with the
/// seed it was begun with, so a program that resumes needs one.
/// </para>
/// <para>Characteristics:</para>
/// <list type="table">
/// <item><term>Machine learning task</term><description>Language modelling: predicting the next token</description></item>
/// <item><term>Is normalization required?</term><description>No</description></item>
/// <item><term>Is caching required?</term><description>No</description></item>
/// <item><term>Required NuGet in addition to Microsoft.ML</term><description>Focus.MLExtensions and TorchSharp-cpu, or another native package of
/// TorchSharp</description></item>
/// <item><term>Exportable to ONNX</term><description>No</description></item>
/// </list>
/// </remarks>
public sealed class Gpt2Pretrainer : IEstimator<Gpt2Transformer>
{
    private readonly IHost host;
    private readonly Options options;

    internal Gpt2Pretrainer(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        host = environment.Register(nameof(Gpt2Pretrainer));
        this.options = options;
    }

    /// <summary>Trains on data, and evaluates on the validation data where there are any.</summary>
    /// <param name="input">The data to learn from.</param>
    /// <returns>The trained model. After a cancellation, by the options' token or the context (<c>CancelExecution</c>): the model as far as it was
    /// trained, with a warning in the log.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The token column is missing or of the wrong type, or its tokenizer has more tokens than
    /// the model, or is not that of the validation data.</exception>
    /// <exception cref="ArgumentException">The data are shorter than a block of the model, or the checkpoint folder holds another
    /// run.</exception>
    /// <exception cref="InvalidOperationException">There are no tokens, or an id is not in the model's vocabulary.</exception>
    /// <exception cref="InvalidDataException">An id in a token file is not in the model's vocabulary, or the checkpoint to resume from is
    /// damaged.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled while data were read.</exception>
    /// <exception cref="TrainingDivergedException">The loss turned NaN or infinite.</exception>
    public Gpt2Transformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var cancellation = new ExecutionCancellation(host, options.CancellationToken);
        var run = options with { CancellationToken = cancellation.Token };
        var reader = new TokenReader(run, input, run.ValidationSet);

        using var channel = host.Start("Training");
        var ranks = options.Distributed ?? Communicator.Alone;
        var (train, validation) = ranks.Together(reader.Read);
        if (reader.Tokenizer is null && train.SampleLargestId() is var largest && largest < options.Model.VocabularySize / 2)
            channel.Warning(MessageSensitivity.None, "{0}",
                $"The largest id found in {train.Name} is {largest}, far below the model's vocabulary of {options.Model.VocabularySize}; " +
                $"is that the vocabulary of the tokens ({nameof(Options.Model)}.{nameof(Gpt2Config.VocabularySize)})?");
        var seed = options.Seed ?? ranks.Broadcast(host.Rand.Next());
        var network = new Gpt2(options.Model, seed);
        try
        {
            if (options.Initial is { } initial) network.load_state_dict(initial.state_dict());
            Train(run with { Seed = seed }, network, train, validation, channel);
        }
        catch
        {
            network.Dispose();
            throw;
        }
        var scoring = Gpt2Scoring.Of(
            options with { Generation = options.Generation with { Seed = options.Generation.Seed ?? seed } },
            options.SeparatorFor(reader.Tokenizer));
        return new Gpt2Transformer(network, scoring);
    }

    /// <summary>The columns of the output: those of the input, then <c>Loss</c>, <c>Perplexity</c> and, on request,
    /// <c>Continuation</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The token column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var tokens = ColumnRole.Tokens.Find(inputSchema, options.TokenColumnName);
        return inputSchema.With(Gpt2Scoring.Of(options, options.Separator).Columns(TokenColumn.Example(tokens)));
    }

    private static void Train(Options run, Gpt2 network, TokenSource train, TokenSource? validation, IChannel channel)
    {
        var log = new TrainingLog<Gpt2Progress>(
            channel, run.Progress, step => (step.Step, step.TotalSteps, step.Elapsed, step.Evaluation is not null), Measures);
        var result = new Gpt2Training(network, run with { Progress = log, Changed = new ChangeLog(channel, run.Changed) }).Run(train, validation);
        if (result.Cancelled) log.WarnOfCancellation(result.Steps);
    }

    private static string Measures(Gpt2Progress progress)
    {
        var evaluation = progress.Evaluation is { } result
            ? Invariant($", evaluation loss {result.TrainLoss:g5}{Optional(", validation loss", result.ValidationLoss)}") +
              Invariant($", parameter norm {result.ParameterNorm:g5}{Optional(", momentum norm", result.MomentumNorm)}")
            : "";
        return Invariant($"loss {progress.Loss:g5}{evaluation}, ") +
            Invariant($"learning rate {progress.LearningRate:g3}, {progress.TokensPerSecond:f0} tokens/s, ") +
            (progress.ModelFlopsUtilization is { } share ? Invariant($"MFU {share:p1}, ") : "") +
            Invariant($"{progress.ClippedShare:p1} of steps clipped");
    }

    private static string Optional(string name, double? value) => value is { } number ? Invariant($"{name} {number:g5}") : "";

    /// <summary>Settings of <see cref="Gpt2Pretrainer"/>; the defaults are the paper's GPT-2 small and its run (arXiv:2501.12243).</summary>
    public sealed record Options : Gpt2TrainingOptions
    {
        private readonly (bool Given, int? Token) separator;
        private readonly Gpt2Config? model;

        /// <summary>The sizes and choices of the model: by default those of <see cref="Initial"/>, or else <see cref="Gpt2Config.Small"/>. Its
        /// vocabulary must hold the data's tokens.</summary>
        public Gpt2Config Model
        {
            get => model ?? Initial?.Config ?? Gpt2Config.Small;
            init => model = value;
        }

        /// <summary>The network whose weights training starts from, such as one of <see cref="HuggingFaceGpt2.Load(string, Gpt2Config?)"/> or
        /// <see cref="Gpt2Files.Load(string, Gpt2Config?)"/>; null to start from random ones.</summary>
        /// <remarks>Each <c>Fit</c> takes a copy: the network remains the caller's, unchanged. It must be as <see cref="Model"/> says but for the
        /// dropout.</remarks>
        public Gpt2? Initial { get; init; }

        /// <summary>The column of tokens: a vector of Int32 of any length.</summary>
        public string TokenColumnName { get; init; } = TokenColumn.DefaultName;

        /// <summary>The token put after each row's, in [0, vocabulary), or null for none; by default GPT-2's end of text where the vocabulary
        /// has it and the column's tokens are not known to be of another tokenizer.</summary>
        /// <remarks>Rows of <c>LoadTokens</c> get no separators, whatever ML.NET operations stand in between.</remarks>
        public int? Separator
        {
            get => separator.Given ? separator.Token : Model.VocabularySize > Gpt2Tokens.EndOfText ? Gpt2Tokens.EndOfText : null;
            init => separator = (true, value);
        }

        /// <summary>The data to evaluate on; null for none.</summary>
        /// <remarks>In a chain, it must be as the chain's earlier part leaves it.</remarks>
        public IDataView? ValidationSet { get; init; }

        /// <summary>The share of the tokens, in [0, 1), that is set apart at the end of the data to evaluate on; 0 for none.</summary>
        public double ValidationShare { get; init; }

        /// <summary>The most tokens that the model continues each row with, ≥ 0; 0 for no column of continuations.</summary>
        public int GenerateTokens { get; init; }

        /// <summary>How tokens are chosen for continuations. <see cref="GenerateTokens"/> stands for its number of tokens, and the seed of the run
        /// for its own where it has none, so that equal rows have equal continuations; the tokens of the column's tokenizer, where that is known,
        /// stand for its <see cref="GenerationOptions.TokenCount"/> where it has none.</summary>
        public GenerationOptions Generation { get; init; } = new();

        /// <summary>The column of a row's loss per token, in nats: Single.</summary>
        public string LossColumnName { get; init; } = "Loss";

        /// <summary>The column of a row's perplexity: Single.</summary>
        public string PerplexityColumnName { get; init; } = "Perplexity";

        /// <summary>The column of continuations: a vector of Int32.</summary>
        public string ContinuationColumnName { get; init; } = "Continuation";

        /// <inheritdoc/>
        public override void Validate()
        {
            base.Validate();
            Model.Validate();
            if (Initial is not null && Model with { Dropout = Initial.Config.Dropout } != Initial.Config)
                throw new ArgumentException(
                    $"{nameof(Initial)} is another network than {nameof(Model)} describes: expected {Model}, found {Initial.Config}. " +
                    $"Leave {nameof(Model)} out to take the network as it is.", nameof(Initial));
            Gpt2Scoring.Of(this, Separator).Validate(Model);
            Check.Fraction(ValidationShare);
            if (ValidationShare > 0 && ValidationSet is not null)
                throw new ArgumentException(
                    $"{nameof(ValidationShare)} and {nameof(ValidationSet)} are both given; take one of them.", nameof(ValidationShare));
        }

        internal int? SeparatorFor(NamedTokenizer? tokenizer)
            => separator.Given || tokenizer is null || tokenizer.VocabularySize > Gpt2Tokens.EndOfText ? Separator : null;
    }
}

/// <summary>Reads the tokens of views: where they lie, or row by row into memory.</summary>
internal sealed class TokenReader
{
    private readonly Gpt2Pretrainer.Options options;
    private readonly Source train;
    private readonly Source? validation;

    /// <summary>Finds and checks the columns to train on and to validate on; nothing is read.</summary>
    public TokenReader(Gpt2Pretrainer.Options options, IDataView train, IDataView? validation)
    {
        this.options = options;
        this.train = Find(train, ColumnRole.Tokens);
        if (validation is null) return;
        this.validation = Find(validation, ColumnRole.Tokens with { Name = "validation set's token" });
        if (this.train.Tokenizer is { } expected && this.validation is { Tokenizer: { } found } other && !found.Matches(expected))
            throw other.Role.Mismatch(other.Column.Name, $"tokens of the training data's tokenizer, {expected}",
                $"those of {found}, another; transform both with the same fitted tokenizer");
    }

    /// <summary>The tokenizer of the tokens to train on, where that is known.</summary>
    public NamedTokenizer? Tokenizer => train.Tokenizer;

    public (TokenSource Train, TokenSource? Validation) Read()
    {
        var tokens = Read(train);
        if (validation is not null) return (tokens, Read(validation));
        if (options.ValidationShare == 0) return (tokens, null);
        var kept = tokens.Count - (long)(tokens.Count * options.ValidationShare);
        return (new TokenRange(tokens, 0, kept), new TokenRange(tokens, kept, tokens.Count - kept));
    }

    private Source Find(IDataView data, ColumnRole role)
    {
        var column = role.Find(data.Schema, options.TokenColumnName);
        var tokenizer = TokenColumn.TokenizerOf(column);
        if (tokenizer is not null && tokenizer.VocabularySize > options.Model.VocabularySize)
            throw role.Mismatch(column.Name,
                $"at most {options.Model.VocabularySize} different tokens, the model's {nameof(Gpt2Config.VocabularySize)}",
                $"the {tokenizer.VocabularySize} of its tokenizer; take a larger {nameof(Gpt2Config.VocabularySize)}");
        return new Source(data, role, column, tokenizer);
    }

    private TokenSource Read(Source source)
    {
        var (data, role, column, _) = source;
        if (data is ITokenView view && view.ColumnName == column.Name) return view.Tokens;
        var buffer = new TokenBuffer($"The {role.Name} column '{column.Name}'");
        ReadRows(source, buffer);
        return buffer.Count > 0
            ? buffer
            : throw new InvalidOperationException(
                $"The {role.Name} column '{column.Name}' holds no tokens: the data has no rows, or all their vectors are empty.");
    }

    private void ReadRows(Source source, TokenBuffer buffer)
    {
        var (data, _, column, tokenizer) = source;
        var separator = TokenColumn.IsConsecutive(column) ? null : options.SeparatorFor(tokenizer);
        using var cursor = data.GetRowCursor([column]);
        var getter = cursor.GetGetter<VBuffer<int>>(column);
        VBuffer<int> value = default, dense = default;
        while (cursor.MoveNext())
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            getter(ref value);
            if (!value.IsDense) value.CopyToDense(ref dense);
            var tokens = value.IsDense ? value.GetValues() : dense.GetValues();
            if (tokens.IsEmpty) continue;
            TokenColumn.RequireInVocabulary(tokens, options.Model, column.Name, cursor.Position);
            buffer.Append(tokens);
            if (separator is { } token) buffer.Append([token]);
        }
    }

    /// <summary>A column of tokens and the tokenizer they are of, where that is known.</summary>
    private sealed record Source(IDataView Data, ColumnRole Role, DataViewSchema.Column Column, NamedTokenizer? Tokenizer);
}
