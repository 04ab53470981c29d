using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Focus;

/// <summary>Trains a GPT-2 from scratch to predict each next token, with any of this library's optimizers.</summary>
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
/// </remarks>
public sealed partial class Gpt2Pretrainer : IEstimator<Gpt2Transformer>
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
    /// <returns>The trained model. After a cancellation: the model as far as it was trained, with a warning in the log.</returns>
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
        var reader = new TokenReader(options);
        var column = reader.Find(input.Schema, options.ValidationSet?.Schema);

        using var channel = host.Start("Training");
        var (train, validation) = reader.Read(input, options.ValidationSet);
        var seed = options.Seed ?? host.Rand.Next();
        var network = new Gpt2(options.Model, seed);
        try
        {
            Train(network, train, validation, seed, channel);
        }
        catch
        {
            network.Dispose();
            throw;
        }
        var scoring = Gpt2Scoring.Of(
            options with { Generation = options.Generation with { Seed = options.Generation.Seed ?? seed } },
            options.SeparatorFor(TokenizerDescription.Of(column)));
        return new Gpt2Transformer(network, scoring);
    }

    /// <summary>The columns of the output: those of the input, then <c>Loss</c>, <c>Perplexity</c> and, on request,
    /// <c>Continuation</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The token column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var tokens = TokenColumn.Find(inputSchema, options.TokenColumnName);
        return SchemaColumns.Append(inputSchema, Gpt2Scoring.Of(options, options.Separator).Columns(TokenizerDescription.Example(tokens)));
    }

    private void Train(Gpt2 network, TokenSource train, TokenSource? validation, int seed, IChannel channel)
    {
        var run = options with { Seed = seed, Progress = new Gpt2TrainingLog(channel, options.Progress) };
        var result = new Gpt2Training(network, run).Run(train, validation);
        if (result.Cancelled)
            channel.Warning(MessageSensitivity.None, "{0}",
                $"Training was cancelled after {result.Steps} steps; the model is as trained so far.");
    }
}
