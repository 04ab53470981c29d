using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Tokenizers;

namespace Focus.Tests;

/// <summary>GPT-2's tokens in pipelines.</summary>
[TestClass]
public sealed class Gpt2TransformTests
{
    private static readonly string[] Texts = ["Hello, world!", "", "Über 1,234 ∑ 🙂\n\n  end", "a<end>b"];

    private static readonly TiktokenTokenizer Tokenizer = TiktokenTokenizer.CreateForModel("gpt2");

    private readonly TemporaryFolder folder = new();
    private readonly MLContext mlContext = new(seed: 1);

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void Tokens_are_those_of_the_tokenizer_and_the_text_comes_back()
    {
        var data = mlContext.Texts(Texts);
        var output = RoundTrip().Fit(data).Transform(data);

        var tokens = output.GetColumn<int[]>("Tokens").ToArray();
        for (var i = 0; i < Texts.Length; i++)
            CollectionAssert.AreEqual(Tokenizer.EncodeToIds(Texts[i]).ToArray(), tokens[i]);
        CollectionAssert.AreEqual(new[] { 15496, 11, 995, 0 }, tokens[0]);
        CollectionAssert.AreEqual(Texts, output.GetColumn<string>("Again").ToArray());
    }

    [TestMethod]
    public void A_saved_chain_works_in_a_prediction_engine()
    {
        var data = mlContext.Texts(Texts);
        mlContext.Model.Save(RoundTrip().Fit(data), data.Schema, folder.File("model.zip"));

        var fresh = new MLContext();
        using var engine = fresh.Model.CreatePredictionEngine<Sentence, Tokenized>(fresh.Model.Load(folder.File("model.zip"), out _));

        var row = engine.Predict(new Sentence { Text = "Hello, world!" });
        CollectionAssert.AreEqual(new[] { 15496, 11, 995, 0 }, row.Tokens);
        Assert.AreEqual("Hello, world!", row.Again);
        Assert.IsLessThan(20_000, new FileInfo(folder.File("model.zip")).Length, "The vocabulary is not part of the file.");
    }

    [TestMethod]
    public void A_model_trains_on_files_of_text_and_goes_on_in_text()
    {
        File.WriteAllText(folder.File("corpus.txt"), string.Concat(Enumerable.Repeat("one two three four five six seven. ", 20)));
        var corpus = mlContext.Focus.Data.LoadText(folder.File("*.txt"));
        var options = TinyGpt2.Quick with
        {
            Model = new Gpt2Config { BlockSize = 8, Layers = 1, Heads = 2, Width = 16 },
            MaxSteps = 30,
            GenerateTokens = 3,
            Generation = new GenerationOptions { Temperature = 0 },
        };
        var model = mlContext.Focus.Transforms.TokenizeGpt2("Tokens", "Text").Append(mlContext.Focus.Gpt2Pretrainer(options))
            .Append(mlContext.Focus.Transforms.DetokenizeGpt2("Answer", "Continuation")).Fit(corpus);

        var judged = mlContext.Data.CreateEnumerable<Judged>(
            model.Transform(mlContext.Texts("one two three")), reuseRowObject: false, ignoreMissingColumns: true).Single();

        Assert.IsLessThan(6f, judged.Loss, "Not knowing anything is a loss of ln 50304 = 10.8.");
        Assert.HasCount(3, judged.Continuation);
        Assert.AreEqual(Tokenizer.Decode(judged.Continuation), judged.Answer);
    }

    [TestMethod]
    public void A_model_of_fewer_tokens_is_refused_before_the_data_are_read()
    {
        var data = mlContext.Texts(Texts);
        var pipeline = mlContext.Focus.Transforms.TokenizeGpt2("Tokens", "Text").Append(mlContext.Focus.Gpt2Pretrainer(TinyGpt2.Quick));

        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => pipeline.Fit(data));

        foreach (var part in new[] { "'Tokens'", "12", "50257", "VocabularySize" }) StringAssert.Contains(error.Message, part);
    }

    [TestMethod]
    public void A_token_that_is_not_GPT2s_is_named_with_its_row()
    {
        var data = mlContext.Tokens([50256], [15496, 50257]);
        var texts = mlContext.Focus.Transforms.DetokenizeGpt2("Text", "Tokens").Fit(data).Transform(data);

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => texts.GetColumn<string>("Text").Count());

        foreach (var part in new[] { "'Tokens'", "row 1", "slot 1", "0 to 50256", "found 50257" }) StringAssert.Contains(error.Message, part);
    }

    private IEstimator<ITransformer> RoundTrip() => mlContext.Focus.Transforms.TokenizeGpt2("Tokens", "Text")
        .Append(mlContext.Focus.Transforms.DetokenizeGpt2("Again", "Tokens"));
}
