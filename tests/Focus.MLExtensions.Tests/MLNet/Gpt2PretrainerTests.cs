using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Focus.Tests;

[TestClass]
public sealed class Gpt2PretrainerTests
{
    private readonly TemporaryFolder folder = new();
    private readonly MLContext mlContext = new(seed: 1);

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void A_model_learns_a_text_and_goes_on_with_it()
    {
        var data = mlContext.Texts(TinyGpt2.Corpus);
        var model = mlContext.Pipeline(TinyGpt2.Quick with { Generation = new GenerationOptions { Temperature = 0 } }).Fit(data);

        var known = model.Losses(mlContext.Texts("abcdefgh abcdefgh")).Single();
        var unknown = model.Losses(mlContext.Texts("hgfedcba hgfedcba")).Single();
        Assert.IsLessThan(0.5f, known);
        Assert.IsGreaterThan(2f, unknown);
        using var engine = mlContext.Model.CreatePredictionEngine<Sentence, Judged>(model);
        Assert.AreEqual("fgh abcd", engine.Predict(new Sentence { Text = "abcdefgh abcde" }).Answer);
    }

    [TestMethod]
    public void Equal_seeds_give_equal_models_and_other_seeds_others()
    {
        float[] Fit(int contextSeed, int? seed)
        {
            var context = new MLContext(contextSeed);
            var data = context.Tokens(Rows());
            return context.Focus.Gpt2Pretrainer(TinyGpt2.Quick with { MaxSteps = 3, Seed = seed }).Fit(data).Losses(data);
        }

        CollectionAssert.AreEqual(Fit(1, null), Fit(1, null));
        CollectionAssert.AreNotEqual(Fit(1, null), Fit(2, null));
        CollectionAssert.AreEqual(Fit(1, 5), Fit(2, 5));
    }

    [TestMethod]
    public void Token_views_are_sampled_where_they_lie_and_no_row_is_read()
    {
        var tokens = new TokenBuffer();
        foreach (var row in Rows()) tokens.Append(row);

        var model = mlContext.Focus.Gpt2Pretrainer(TinyGpt2.Quick with { MaxSteps = 3 }).Fit(new RowlessView(tokens));

        Assert.IsTrue(model.Losses(mlContext.Tokens(Rows())).All(float.IsFinite));
    }

    [TestMethod]
    public void Rows_of_a_token_file_train_the_same_model_as_the_file()
    {
        using (var writer = new BinaryWriter(File.Create(folder.File("train.bin"))))
            foreach (var token in Rows().SelectMany(row => row)) writer.Write((ushort)token);
        var view = mlContext.Focus.Data.LoadTokens(folder.File("train.bin"), rowLength: 10);
        var pretrainer = mlContext.Focus.Gpt2Pretrainer(TinyGpt2.Quick with { MaxSteps = 3, Separator = null });

        var fromRows = pretrainer.Fit(mlContext.Data.TakeRows(view, view.GetRowCount()!.Value)).Losses(view);

        CollectionAssert.AreEqual(pretrainer.Fit(view).Losses(view), fromRows);
    }

    [TestMethod]
    public void Rows_become_one_sequence_with_a_separator_after_each_but_empty_ones()
    {
        var rows = mlContext.Tokens([1, 2], [], [3]);
        CollectionAssert.AreEqual(new[] { 1, 2, 11, 3, 11 }, Read(TinyGpt2.Quick with { Separator = 11 }, rows));
        CollectionAssert.AreEqual(new[] { 1, 2, 3 }, Read(TinyGpt2.Quick with { Separator = null }, rows));
        CollectionAssert.AreEqual(new[] { 1, 2, 3 }, Read(TinyGpt2.Quick, rows), "The vocabulary has no end of text.");

        var large = TinyGpt2.Quick with { Model = TinyGpt2.Model with { VocabularySize = 50304 } };
        CollectionAssert.AreEqual(new[] { 1, 2, 50256, 3, 50256 }, Read(large, rows));
        var texts = mlContext.Texts("ab", "a");
        var characters = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text").Fit(texts).Transform(texts);
        CollectionAssert.AreEqual(new[] { 0, 1, 0 }, Read(large, characters), "Characters have no end of text.");
    }

    [TestMethod]
    public void Rows_of_a_token_view_get_no_separators_behind_any_operation()
    {
        var tokens = new TokenBuffer();
        tokens.Append([1, 2, 3, 4, 5]);
        var view = new TokenDataView(tokens, rowLength: 2);
        var options = TinyGpt2.Quick with { Separator = 11 };

        CollectionAssert.AreEqual(new[] { 1, 2, 3, 4, 5 }, Read(options, mlContext.Data.Cache(view)));
        CollectionAssert.AreEqual(new[] { 1, 2, 3, 4 }, Read(options, mlContext.Data.TakeRows(view, 2)));
        var split = mlContext.Data.TrainTestSplit(view, 0.5);
        Assert.DoesNotContain(11, Read(options, split.TrainSet).Concat(Read(options, split.TestSet)));
    }

    [TestMethod]
    public void The_share_to_validate_on_is_the_end_of_the_tokens()
    {
        var options = TinyGpt2.Quick with { ValidationShare = 0.25 };
        var (train, validation) = new TokenReader(options, mlContext.Tokens([0, 1, 2, 3], [4, 5, 6, 7]), validation: null).Read();

        CollectionAssert.AreEqual(new[] { 0, 1, 2, 3, 4, 5 }, All(train));
        CollectionAssert.AreEqual(new[] { 6, 7 }, All(validation!));
    }

    [TestMethod]
    public void Validation_losses_come_with_the_evaluations_in_progress_and_log()
    {
        var log = new LogCollector(mlContext);
        var data = mlContext.Tokens(Rows());
        foreach (var options in new[] { TinyGpt2.Quick with { ValidationShare = 0.2 }, TinyGpt2.Quick with { ValidationSet = data } })
        {
            log.Messages.Clear();
            var progress = new Collector();

            mlContext.Focus.Gpt2Pretrainer(options with { MaxSteps = 30, EvaluationInterval = 11, Progress = progress }).Fit(data);

            CollectionAssert.AreEqual(
                new long[] { 11, 22, 30 },
                progress.Values.Where(value => value.Evaluation is not null).Select(value => value.Step).ToArray());
            Assert.IsTrue(progress.Values.All(value => value.Evaluation is null or { ValidationLoss: > 0 }));
            Assert.HasCount(30, progress.Values);
            Assert.HasCount(12, log.Messages, "Ten tenths, the last of which ends with an evaluation, and two more evaluations.");
            Assert.HasCount(3, log.Messages.Where(message => message.Contains("validation loss", StringComparison.Ordinal)));
        }
    }

    [TestMethod]
    public void An_interrupted_run_goes_on_from_its_checkpoint_as_if_it_never_stopped()
    {
        var data = mlContext.Tokens(Rows());
        var options = TinyGpt2.Quick with { MaxSteps = 8, Schedule = new ConstantSchedule(), CheckpointFolder = folder.File("run") };
        float[] Fit(Gpt2Pretrainer.Options changed) => mlContext.Focus.Gpt2Pretrainer(changed).Fit(data).Losses(data);

        Fit(options with { MaxSteps = 4 });
        var refused = Assert.Throws<Exception>(() => Fit(options));
        var resumed = Fit(options with { Resume = true });

        StringAssert.Contains(refused.Message, folder.File("run"));
        CollectionAssert.AreEqual(Fit(options with { CheckpointFolder = null }), resumed);
    }

    [TestMethod]
    public void A_change_of_settings_that_is_allowed_is_in_the_log()
    {
        var log = new LogCollector(mlContext);
        var data = mlContext.Tokens(Rows());
        var options = TinyGpt2.Quick with { MaxSteps = 2, CheckpointFolder = folder.File("run") };
        mlContext.Focus.Gpt2Pretrainer(options).Fit(data);

        mlContext.Focus.Gpt2Pretrainer(options with { MaxSteps = 3, BatchSize = 2, Resume = true, AllowChanges = true }).Fit(data);

        Assert.HasCount(1, log.Messages.Where(message => message.Contains("BatchSize changed from 4 to 2", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void A_run_cancelled_on_its_way_leaves_a_usable_model_and_a_warning()
    {
        using var cancellation = new CancellationTokenSource();
        var log = new LogCollector(mlContext, ChannelMessageKind.Warning);
        var progress = new Collector(value =>
        {
            if (value.Step == 3) cancellation.Cancel();
        });
        var data = mlContext.Tokens(Rows());

        var options = TinyGpt2.Quick with { Progress = progress, CancellationToken = cancellation.Token };
        var model = mlContext.Focus.Gpt2Pretrainer(options).Fit(data);

        Assert.HasCount(3, progress.Values);
        Assert.IsTrue(model.Losses(data).All(float.IsFinite));
        StringAssert.Contains(log.Messages.Single(), "cancelled after 3 steps");
    }

    [TestMethod]
    public void A_run_cancelled_while_data_are_read_stops_there()
    {
        using var cancellation = new CancellationTokenSource();
        var read = 0;
        var rows = Rows().Select(row =>
        {
            if (++read == 2) cancellation.Cancel();
            return row;
        });

        var pretrainer = mlContext.Focus.Gpt2Pretrainer(TinyGpt2.Quick with { CancellationToken = cancellation.Token });
        Assert.Throws<OperationCanceledException>(() => pretrainer.Fit(mlContext.Tokens(rows)));
        Assert.AreEqual(2, read);
    }

    [TestMethod]
    public void The_schema_is_known_before_the_data()
    {
        var data = mlContext.Texts(TinyGpt2.Corpus);
        var pipeline = mlContext.Pipeline(TinyGpt2.Quick with { MaxSteps = 1 });

        var shape = pipeline.GetOutputSchema(MlNetInternals.Current.CreateSchemaShape(data.Schema));

        var found = MlNetInternals.Current.CreateSchemaShape(pipeline.Fit(data).GetOutputSchema(data.Schema));
        CollectionAssert.AreEqual(
            found.Select(column => (column.Name, $"{ColumnShape.Of(column)}")).Order().ToArray(),
            shape.Select(column => (column.Name, $"{ColumnShape.Of(column)}")).Order().ToArray());
        CollectionAssert.AreEquivalent(
            new[] { "Text", "Tokens", "Loss", "Perplexity", "Continuation", "Answer" }, shape.Select(column => column.Name).ToArray());
    }

    [TestMethod]
    public void The_short_form_takes_the_defaults_for_all_but_the_optimizer()
    {
        var defaults = new Gpt2Pretrainer.Options();

        Assert.AreEqual(Gpt2Config.Small, defaults.Model);
        Assert.AreEqual(100_000, defaults.MaxSteps);
        Assert.AreEqual(Gpt2Tokens.EndOfText, defaults.Separator);
        var shape = mlContext.Focus.Gpt2Pretrainer(new SignumOptions(), "Ids").GetOutputSchema(
            MlNetInternals.Current.CreateSchemaShape(mlContext.Data.LoadFromEnumerable([new OtherName()]).Schema));
        CollectionAssert.AreEquivalent(new[] { "Ids", "Loss", "Perplexity" }, shape.Select(column => column.Name).ToArray());
    }

    private static int[][] Rows() => [.. Enumerable.Range(0, 20).Select(i => Enumerable.Range(i, 15).Select(k => k % 10).ToArray())];

    private static int[] Read(Gpt2Pretrainer.Options options, IDataView data) => All(new TokenReader(options, data, validation: null).Read().Train);

    private static int[] All(TokenSource source)
    {
        var tokens = new int[source.Count];
        source.Read(0, tokens);
        return tokens;
    }

    private sealed class OtherName
    {
        public int[] Ids { get; set; } = [];
    }

    private sealed class Collector(Action<Gpt2Progress>? also = null) : IProgress<Gpt2Progress>
    {
        public List<Gpt2Progress> Values { get; } = [];

        public void Report(Gpt2Progress value)
        {
            Values.Add(value);
            also?.Invoke(value);
        }
    }

    private sealed class RowlessView(TokenSource tokens) : IDataView, ITokenView
    {
        private readonly IDataView rows = new TokenDataView(tokens, rowLength: 4);

        public TokenSource Tokens => tokens;

        public string ColumnName => "Tokens";

        public bool CanShuffle => false;

        public DataViewSchema Schema => rows.Schema;

        public long? GetRowCount() => null;

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
            => throw new AssertFailedException("Rows were read.");

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
            => throw new AssertFailedException("Rows were read.");
    }
}
