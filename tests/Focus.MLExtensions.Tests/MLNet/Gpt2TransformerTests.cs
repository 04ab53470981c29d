using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public sealed class Gpt2TransformerTests
{
    private static readonly MLContext MlContext = new(seed: 1);
    private static readonly GenerationOptions Greedy = new() { Temperature = 0 };
    private static readonly Gpt2Transformer Model = Fit(TinyGpt2.Quick with { GenerateTokens = 5, Generation = Greedy });

    [TestMethod]
    public void The_loss_is_the_mean_cross_entropy_of_each_token_after_the_first()
    {
        foreach (var length in new[] { 2, 7, TinyGpt2.BlockSize + 1 })
        {
            var row = Row(length);
            var (loss, perplexity) = Score(row).Single();
            Assert.AreEqual(CrossEntropy(row) / (length - 1), loss, 1e-5);
            Assert.AreEqual(Math.Exp(loss), perplexity, 1e-4);
        }
    }

    [TestMethod]
    public void A_network_in_float64_scores_as_in_float32()
    {
        var model = Fit(TinyGpt2.Quick);
        var expected = model.Losses(MlContext.Tokens(Row(7), Row(12)));
        model.Network.to(ScalarType.Float64);

        var losses = model.Losses(MlContext.Tokens(Row(7), Row(12)));

        for (var i = 0; i < losses.Length; i++) Assert.AreEqual(expected[i], losses[i], 1e-4);
    }

    [TestMethod]
    public void Rows_longer_than_a_block_are_scored_in_windows()
    {
        var row = Row(2 * TinyGpt2.BlockSize + 5);
        var windows = new[] { row[..17], row[16..33], row[32..] };

        Assert.AreEqual(windows.Sum(CrossEntropy) / (row.Length - 1), Score(row).Single().Loss, 1e-5);
    }

    [TestMethod]
    public void Rows_of_fewer_than_two_tokens_have_no_loss()
    {
        var scores = Score([], [3], Row(4));

        Assert.IsTrue(float.IsNaN(scores[0].Loss) && float.IsNaN(scores[0].Perplexity) && float.IsNaN(scores[1].Loss));
        Assert.IsTrue(float.IsFinite(scores[2].Loss));
    }

    [TestMethod]
    public void A_row_has_the_same_loss_alone_and_among_others()
    {
        var rows = Enumerable.Range(0, 200).Select(i => Row(i % 40)).ToArray();
        var together = Score(rows);
        using var engine = MlContext.Model.CreatePredictionEngine<TokenRow, Judged>(Model, new PredictionEngineOptions { OwnsTransformer = false });

        for (var i = 0; i < rows.Length; i += 7)
            Assert.AreEqual(engine.Predict(new TokenRow { Tokens = rows[i] }).Loss, together[i].Loss, 1e-5f);
    }

    [TestMethod]
    public void Continuations_are_the_most_probable_tokens_where_generation_is_greedy()
    {
        var data = MlContext.Tokens(Row(3), Row(40));
        var continuations = Model.Transform(data).GetColumn<int[]>("Continuation").ToArray();

        CollectionAssert.AreEqual(MostProbable(Row(3), 5), continuations[0]);
        Assert.HasCount(5, continuations[1]);
    }

    [TestMethod]
    public void An_empty_row_is_continued_from_the_separator_or_not_at_all()
    {
        var separated = Fit(TinyGpt2.Quick with { GenerateTokens = 5, Generation = Greedy, Separator = 11 });

        var continuation = separated.Transform(MlContext.Tokens([], [11])).GetColumn<int[]>("Continuation").ToArray();

        CollectionAssert.AreEqual(continuation[1], continuation[0]);
        Assert.HasCount(5, continuation[0]);
        Assert.IsEmpty(Model.Transform(MlContext.Tokens([[]])).GetColumn<int[]>("Continuation").Single());
    }

    [TestMethod]
    public void Continuations_hold_only_what_the_tokenizer_has_text_for()
    {
        var texts = MlContext.Texts(TinyGpt2.Corpus[..3]);
        var options = TinyGpt2.Quick with { MaxSteps = 1, GenerateTokens = 50, Generation = new GenerationOptions { Temperature = 100 } };
        var tokenizing = MlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text").Fit(texts);

        var model = MlContext.Focus.Gpt2Pretrainer(options).Fit(tokenizing.Transform(texts));

        Assert.IsLessThan(TinyGpt2.Model.VocabularySize, tokenizing.TokenCount);
        Assert.AreEqual(tokenizing.TokenCount - 1, Highest(tokenizing.Transform(texts)));
        Assert.AreEqual(TinyGpt2.Model.VocabularySize - 1, Highest(MlContext.Tokens([1, 2, 3])), "Nothing is known of these.");

        int Highest(IDataView tokens) => model.Transform(tokens).GetColumn<int[]>("Continuation").Max(row => row.Max());
    }

    [TestMethod]
    public void Continuations_are_a_column_only_where_they_are_asked_for()
    {
        var model = new Gpt2Transformer(Model.Network, Gpt2Scoring.Of(TinyGpt2.Quick, separator: null));

        CollectionAssert.AreEqual(
            new[] { "Tokens", "Loss", "Perplexity" },
            model.GetOutputSchema(MlContext.Tokens([]).Schema).Select(column => column.Name).ToArray());
    }

    [TestMethod]
    public void Only_what_is_asked_for_is_read_and_computed()
    {
        var read = 0;
        var view = Model.Transform(MlContext.Tokens(Enumerable.Range(0, 500).Select(i =>
        {
            read++;
            return Row(5);
        })));
        Assert.AreEqual(0, read);

        Assert.IsTrue(float.IsFinite(view.GetColumn<float>("Loss").First()));

        Assert.IsLessThanOrEqualTo(64, read);
        CollectionAssert.AreEqual(new[] { 99 }, Model.Transform(MlContext.Tokens([99])).GetColumn<int[]>("Tokens").Single());
    }

    [TestMethod]
    public void A_token_outside_the_vocabulary_is_named_with_its_row()
    {
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Score(Row(3), [1, 12]));

        foreach (var part in new[] { "'Tokens'", "row 1", "slot 1", "12", "11" }) StringAssert.Contains(error.Message, part);
    }

    [TestMethod]
    public void Data_without_tokens_are_refused_when_bound()
        => StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Model.Transform(MlContext.Texts("a"))).Message, "'Tokens'");

    [TestMethod]
    public void Models_and_engines_outlive_the_dispose_scope_they_are_made_in()
    {
        PredictionEngine<TokenRow, Judged> engine;
        using (NewDisposeScope())
            engine = MlContext.Model.CreatePredictionEngine<TokenRow, Judged>(
                Fit(TinyGpt2.Quick with { MaxSteps = 1, GenerateTokens = 1 }));

        using (engine)
        {
            var judged = engine.Predict(new TokenRow { Tokens = Row(5) });
            Assert.IsTrue(float.IsFinite(judged.Loss));
            Assert.HasCount(1, judged.Continuation);
        }
    }

    private static Gpt2Transformer Fit(Gpt2Pretrainer.Options options)
        => MlContext.Focus.Gpt2Pretrainer(options).Fit(MlContext.Tokens(Enumerable.Range(0, 10).Select(_ => Row(40))));

    private static int[] Row(int length) => [.. Enumerable.Range(0, length).Select(i => i * i % 11)];

    private static (float Loss, float Perplexity)[] Score(params int[][] rows)
    {
        var output = Model.Transform(MlContext.Tokens(rows));
        return [.. output.GetColumn<float>("Loss").Zip(output.GetColumn<float>("Perplexity"))];
    }

    /// <summary>The sum over the tokens after the first, from the logits.</summary>
    private static double CrossEntropy(int[] row)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var targets = tensor(row[1..].Select(token => (long)token).ToArray());
        return nn.functional.cross_entropy(Logits(row[..^1]), targets, reduction: nn.Reduction.Sum).ToDouble();
    }

    private static int[] MostProbable(int[] prompt, int count)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var tokens = prompt.ToList();
        while (tokens.Count < prompt.Length + count)
            tokens.Add((int)Logits([.. tokens]).argmax(1).narrow(0, tokens.Count - 1, 1).to(ScalarType.Float64).ToDouble());
        return [.. tokens.Skip(prompt.Length)];
    }

    private static Tensor Logits(int[] tokens)
        => Model.Network.call(tensor(tokens.Select(token => (long)token).ToArray(), [1, tokens.Length])).view(tokens.Length, -1);
}
