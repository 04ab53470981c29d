using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Focus;

/// <summary>A trained GPT-2 that adds the columns <c>Loss</c>, <c>Perplexity</c> and, on request, <c>Continuation</c>.</summary>
/// <remarks>
/// <para>
/// <c>Loss</c> is the mean cross-entropy of a row's tokens after the first, each predicted from those before it, in nats; <c>Perplexity</c> is
/// exp(loss). Both are NaN for rows of fewer than two tokens. Rows longer than the model's block are scored in windows of a block each: a token is
/// predicted from those before it in its window.
/// </para>
/// <para>
/// <c>Continuation</c> holds the tokens the model goes on with after a row's (without those), at most as many as
/// <see cref="Gpt2Pretrainer.Options.GenerateTokens"/>; <c>DetokenizeGpt2</c> or <c>DetokenizeCharacters</c> makes text of them. The
/// continuation of an empty row is that of the separator, and empty where there is none. Equal rows have equal continuations.
/// </para>
/// <para>
/// Rows are scored some at a time as cursors move, and only for the columns asked for. The network stays on the device it was trained on;
/// loaded ones are on the CPU.
/// </para>
/// </remarks>
public sealed class Gpt2Transformer : NetworkTransformer<Gpt2>
{
    internal const string Kind = "Gpt2";

    private readonly Gpt2Scoring scoring;

    internal Gpt2Transformer(Gpt2 network, Gpt2Scoring scoring) : base(network) => this.scoring = scoring;

    internal override string ModelKind => Kind;

    internal override void Save(ModelArchive archive)
    {
        archive.WriteJson(ModelArchive.ConfigurationName, new Configuration(Network.Config, scoring));
        archive.WriteTensors(ModelArchive.WeightsName, Network.state_dict());
    }

    internal static Gpt2Transformer Load(ModelArchive archive)
    {
        var configuration = archive.ReadJson<Configuration>(ModelArchive.ConfigurationName);
        Check.Stored("The model's configuration is invalid", configuration.Validate);
        var network = archive.ReadTensors(ModelArchive.WeightsName, reader => Gpt2Reader.Read(configuration.Model, [reader]));
        return new Gpt2Transformer(network, configuration.Scoring);
    }

    private protected override RowMapping Bind(DataViewSchema inputSchema)
    {
        var tokens = ColumnRole.Tokens.Find(inputSchema, scoring.TokenColumnName);
        var tokenizer = TokenColumn.TokenizerOf(tokens);
        // Rows enough to find some of similar length among them.
        return new RowMapping(
            inputSchema, [tokens], scoring.Columns(tokenizer), blockSize: 64,
            (input, capacity) => new Gpt2RowBlock(Network, scoring.For(tokenizer), input, tokens, capacity));
    }

    private sealed record Configuration(Gpt2Config Model, Gpt2Scoring Scoring)
    {
        public void Validate()
        {
            Model.Validate();
            Scoring.Validate(Model);
        }
    }
}

/// <summary>Rows that a GPT-2 scores together, once a loss is asked for; continuations are generated row by row.</summary>
internal sealed class Gpt2RowBlock(Gpt2 network, Gpt2Scoring scoring, DataViewRow input, DataViewSchema.Column column, int capacity)
    : RowBlock
{
    private readonly ValueGetter<VBuffer<int>> readTokens = input.GetGetter<VBuffer<int>>(column);
    private readonly int[][] rows = new int[capacity][];
    private readonly int[]?[] continuations = new int[]?[capacity];
    private double[]? losses;
    private int count;
    private VBuffer<int> value;

    public override void Read(int slot)
    {
        readTokens(ref value);
        var tokens = new int[value.Length];
        value.CopyTo(tokens);
        TokenColumn.RequireInVocabulary(tokens, network.Config, column.Name, input.Position);
        rows[slot] = tokens;
    }

    public override void Compute(int count)
    {
        this.count = count;
        losses = null;
        Array.Clear(continuations);
    }

    public override Delegate CreateGetter(int added) => added switch
    {
        Gpt2Scoring.Loss => (ValueGetter<float>)((ref float loss) => loss = (float)CurrentLoss),
        Gpt2Scoring.Perplexity => (ValueGetter<float>)((ref float perplexity) => perplexity = (float)Math.Exp(CurrentLoss)),
        _ => (ValueGetter<VBuffer<int>>)GetContinuation,
    };

    private double CurrentLoss => (losses ??= TokenWindows.MeanLosses(network, rows.AsSpan(0, count)))[Current];

    private void GetContinuation(ref VBuffer<int> continuation)
    {
        var tokens = continuations[Current] ??= scoring.Continue(network, rows[Current]);
        var editor = VBufferEditor.Create(ref continuation, tokens.Length);
        tokens.CopyTo(editor.Values);
        continuation = editor.Commit();
    }
}

/// <summary>What a trained GPT-2 reads of a row and adds to it; with the model's own configuration, all of a model file but the
/// weights.</summary>
internal sealed record Gpt2Scoring(
    string TokenColumnName, string LossColumnName, string PerplexityColumnName, string ContinuationColumnName,
    int? Separator, int GenerateTokens, GenerationOptions Generation)
{
    public const int Loss = 0, Perplexity = 1, Continuation = 2;

    public static Gpt2Scoring Of(Gpt2Pretrainer.Options options, int? separator) => new(
        options.TokenColumnName, options.LossColumnName, options.PerplexityColumnName, options.ContinuationColumnName,
        separator, options.GenerateTokens, options.Generation);

    /// <summary>The same, generating only what a tokenizer has text for.</summary>
    public Gpt2Scoring For(NamedTokenizer? tokenizer)
        => this with { Generation = Generation with { TokenCount = Generation.TokenCount ?? tokenizer?.VocabularySize } };

    public IEnumerable<DataViewSchema.DetachedColumn> Columns(NamedTokenizer? tokenizer)
    {
        yield return new(LossColumnName, NumberDataViewType.Single);
        yield return new(PerplexityColumnName, NumberDataViewType.Single);
        if (GenerateTokens > 0)
            yield return new(ContinuationColumnName, TokenColumn.Type, tokenizer is null ? null : TokenColumn.Annotate(tokenizer));
    }

    /// <summary>The tokens that a network goes on with after some others; after none, those after the separator.</summary>
    public int[] Continue(Gpt2 network, int[] tokens)
    {
        var prompt = tokens.Length > 0 ? tokens : Separator is { } separator ? [separator] : [];
        return prompt.Length == 0 ? [] : [.. network.Generate(prompt, Generation with { MaxTokens = GenerateTokens })];
    }

    /// <exception cref="ArgumentException">A setting is missing or out of its range, or two added columns have one name.</exception>
    public void Validate(Gpt2Config model)
    {
        ArgumentException.ThrowIfNullOrEmpty(TokenColumnName);
        ArgumentException.ThrowIfNullOrEmpty(LossColumnName);
        ArgumentException.ThrowIfNullOrEmpty(PerplexityColumnName);
        ArgumentException.ThrowIfNullOrEmpty(ContinuationColumnName);
        string[] added = [LossColumnName, PerplexityColumnName, ContinuationColumnName];
        if (added.Distinct().Count() < added.Length)
            throw new ArgumentException(
                $"{nameof(LossColumnName)}, {nameof(PerplexityColumnName)} and {nameof(ContinuationColumnName)} are " +
                $"'{string.Join("', '", added)}'; each must be a name of its own.", nameof(LossColumnName));
        Check.AtLeast(0, GenerateTokens);
        if (Separator is { } token) Check.Between(0, model.VocabularySize - 1, token, nameof(Separator));
        ArgumentNullException.ThrowIfNull(Generation);
        Generation.Validate(model);
    }
}

/// <summary>Scores sequences of tokens with a GPT-2: cut into windows of at most a block, of which those of similar length are scored
/// together.</summary>
internal static class TokenWindows
{
    /// <summary>The tokens scored together, padding included: enough to keep the processor busy, few enough for little memory.</summary>
    private const int BatchTokens = 1024;

    private const int NoTarget = -1;

    /// <summary>The mean loss of each sequence's tokens after the first, in nats; NaN where there are none.</summary>
    public static double[] MeanLosses(Gpt2 network, ReadOnlySpan<int[]> sequences)
    {
        var sums = new double[sequences.Length];
        var windows = Cut(sequences, network.Config.BlockSize).OrderBy(window => window.Length).ToArray();
        for (int start = 0, end; start < windows.Length; start = end)
        {
            end = start + 1;
            while (end < windows.Length && (end + 1 - start) * (long)windows[end].Length <= BatchTokens) end++;
            Score(network, windows.AsSpan(start, end - start), sequences, sums);
        }
        for (var i = 0; i < sums.Length; i++) sums[i] = sequences[i].Length > 1 ? sums[i] / (sequences[i].Length - 1) : double.NaN;
        return sums;
    }

    private static List<Window> Cut(ReadOnlySpan<int[]> sequences, int blockSize)
    {
        var windows = new List<Window>();
        for (var sequence = 0; sequence < sequences.Length; sequence++)
        {
            var predicted = sequences[sequence].Length - 1;
            for (var start = 0; start < predicted; start += blockSize)
                windows.Add(new Window(sequence, start, Math.Min(blockSize, predicted - start)));
        }
        return windows;
    }

    /// <summary>Adds the losses of windows, the last of which is the longest, to the sums of their sequences.</summary>
    private static void Score(Gpt2 network, ReadOnlySpan<Window> windows, ReadOnlySpan<int[]> sequences, Span<double> sums)
    {
        var width = windows[^1].Length;
        var tokens = new long[windows.Length * width];
        var targets = new long[tokens.Length];
        Array.Fill(targets, NoTarget);
        for (var i = 0; i < windows.Length; i++)
        {
            var (sequence, start, length) = windows[i];
            for (var t = 0; t < length; t++)
                (tokens[i * width + t], targets[i * width + t]) = (sequences[sequence][start + t], sequences[sequence][start + t + 1]);
        }

        using var scope = NewDisposeScope();
        var device = network.parameters().First().device;
        var losses = network.TokenLosses(ToTensor(tokens), ToTensor(targets)).to(ScalarType.Float32).cpu().Floats();
        for (var i = 0; i < windows.Length; i++)
            foreach (var loss in losses.Slice(i * width, windows[i].Length)) sums[windows[i].Sequence] += loss;

        Tensor ToTensor(long[] values) => tensor(values, [values.Length / width, width], device: device);
    }

    /// <summary>Some tokens of a sequence, whose successors are predicted.</summary>
    private readonly record struct Window(int Sequence, int Start, int Length);
}
