using Microsoft.ML;

namespace Focus.Tests;

/// <summary>Each fault of data or options is one error that names the thing, before training begins.</summary>
[TestClass]
public sealed class Gpt2PretrainerFaultTests
{
    private static readonly int[] Enough = [.. Enumerable.Range(0, 100).Select(i => i % 10)];

    private readonly MLContext mlContext = new(seed: 1);

    [TestMethod]
    public void A_missing_column() => ExpectInSchema(mlContext.Texts("a"), "token", "'Tokens'", "'Text'");

    [TestMethod]
    public void Tokens_of_another_type()
    {
        ExpectInSchema(mlContext.Data.LoadFromEnumerable([new WideTokens()]), "'Tokens'", "vector of Int32", "Vector<Int64>");
        ExpectInSchema(mlContext.Data.LoadFromEnumerable([new OneToken()]), "'Tokens'", "vector of Int32", "Int32");
    }

    [TestMethod]
    public void A_tokenizer_with_more_tokens_than_the_model()
    {
        var texts = mlContext.Texts("abcdefghijklmnopqrstuvwxyz");
        var tokens = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text").Fit(texts).Transform(texts);

        Expect<ArgumentOutOfRangeException>(TinyGpt2.Quick, tokens, "'Tokens'", "12", "26", "VocabularySize");
        Expect<ArgumentOutOfRangeException>(
            TinyGpt2.Quick with { ValidationSet = tokens }, mlContext.Tokens(Enough), "validation set", "26");
    }

    [TestMethod]
    public void Validation_data_of_another_tokenizer()
    {
        var tokenize = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text");
        var (train, other) = (mlContext.Texts("abcdefgh"), mlContext.Texts("stuvwxyz"));

        Expect<ArgumentOutOfRangeException>(
            TinyGpt2.Quick with { ValidationSet = tokenize.Fit(other).Transform(other) }, tokenize.Fit(train).Transform(train),
            "validation set", "'Tokens'", "characters", "same fitted tokenizer");
    }

    [TestMethod]
    [DataRow(12)]
    [DataRow(-1)]
    public void A_token_outside_the_vocabulary(int token)
        => Expect<InvalidOperationException>(
            TinyGpt2.Quick, mlContext.Tokens([1, 2], [3, token]), "'Tokens'", "row 1", "slot 1", $"{token}", "11");

    [TestMethod]
    public void A_token_outside_the_vocabulary_in_a_token_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("train.bin"), [.. Enumerable.Repeat<byte>(77, 200)]);

        Expect<InvalidDataException>(TinyGpt2.Quick, mlContext.Focus.Data.LoadTokens(folder.File("train.bin")), "train.bin", "19789", "11");
    }

    [TestMethod]
    public void No_tokens()
    {
        Expect<InvalidOperationException>(TinyGpt2.Quick, mlContext.Tokens(), "no tokens");
        Expect<InvalidOperationException>(TinyGpt2.Quick, mlContext.Tokens([], []), "no tokens", "'Tokens'");
        Expect<InvalidOperationException>(
            TinyGpt2.Quick with { ValidationSet = mlContext.Tokens() }, mlContext.Tokens(Enough), "validation set", "no tokens");
    }

    [TestMethod]
    public void Fewer_tokens_than_a_block()
    {
        Expect<ArgumentException>(TinyGpt2.Quick, mlContext.Tokens(Enough[..TinyGpt2.BlockSize]), "16 tokens", "17");
        Expect<ArgumentException>(TinyGpt2.Quick with { ValidationShare = 0.1 }, mlContext.Tokens(Enough), "10 tokens", "17");
    }

    [TestMethod]
    public void Invalid_options_are_found_when_the_pretrainer_is_made()
    {
        (Gpt2Pretrainer.Options Options, string Name)[] cases =
        [
            (TinyGpt2.Quick with { Model = TinyGpt2.Model with { Heads = 3 } }, "Heads"),
            (TinyGpt2.Quick with { Model = TinyGpt2.Model with { BlockSize = 0 } }, "BlockSize"),
            (TinyGpt2.Quick with { MaxSteps = 0 }, "MaxSteps"),
            (TinyGpt2.Quick with { ValidationShare = 1 }, "ValidationShare"),
            (TinyGpt2.Quick with { ValidationShare = double.NaN }, "ValidationShare"),
            (TinyGpt2.Quick with { ValidationShare = 0.1, ValidationSet = mlContext.Tokens(Enough) }, "ValidationSet"),
            (TinyGpt2.Quick with { GenerateTokens = -1 }, "GenerateTokens"),
            (TinyGpt2.Quick with { Generation = new GenerationOptions { Temperature = -1 } }, "Temperature"),
            (TinyGpt2.Quick with { Generation = new GenerationOptions { StopToken = 12 } }, "StopToken"),
            (TinyGpt2.Quick with { Separator = 12 }, "Separator"),
            (TinyGpt2.Quick with { Separator = -1 }, "Separator"),
            (TinyGpt2.Quick with { TokenColumnName = "" }, "TokenColumnName"),
            (TinyGpt2.Quick with { LossColumnName = "" }, "LossColumnName"),
            (TinyGpt2.Quick with { LossColumnName = "Perplexity" }, "LossColumnName"),
            (TinyGpt2.Quick with { Resume = true }, "CheckpointFolder"),
            (TinyGpt2.Quick with { Optimizer = new FocusOptions { Beta1 = 1 } }, "Beta1"),
        ];
        foreach (var (options, name) in cases)
            StringAssert.Contains(Assert.Throws<ArgumentException>(() => mlContext.Focus.Gpt2Pretrainer(options)).Message, name);
    }

    [TestMethod]
    public void A_loss_that_is_no_longer_finite_names_the_step_and_stops()
    {
        var options = TinyGpt2.Quick with { Optimizer = new AdamWOptions { LearningRate = 1e30 }, Schedule = new ConstantSchedule() };

        var error = Assert.ThrowsExactly<TrainingDivergedException>(
            () => mlContext.Focus.Gpt2Pretrainer(options).Fit(mlContext.Tokens(Enough)));

        Assert.IsLessThanOrEqualTo(3, error.Step);
        StringAssert.Contains(error.Message, $"step {error.Step}");
    }

    private void ExpectInSchema(IDataView data, params string[] parts)
    {
        Expect<ArgumentOutOfRangeException>(TinyGpt2.Quick, data, parts);
        var shape = MlNetInternals.Current.CreateSchemaShape(data.Schema);
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => mlContext.Focus.Gpt2Pretrainer(TinyGpt2.Quick).GetOutputSchema(shape));
        StringAssert.Contains(error.Message, parts[0]);
    }

    private void Expect<TException>(Gpt2Pretrainer.Options options, IDataView data, params string[] parts) where TException : Exception
    {
        var steps = 0;
        var pretrainer = mlContext.Focus.Gpt2Pretrainer(options with { Progress = new Counter(() => steps++) });
        var error = Assert.ThrowsExactly<TException>(() => pretrainer.Fit(data));
        foreach (var part in parts) StringAssert.Contains(error.Message, part);
        Assert.AreEqual(0, steps, "Training began.");
    }

    private sealed class Counter(Action count) : IProgress<Gpt2Progress>
    {
        public void Report(Gpt2Progress value) => count();
    }

    private sealed class WideTokens
    {
        public long[] Tokens { get; set; } = [];
    }

    private sealed class OneToken
    {
        public int Tokens { get; set; }
    }
}
