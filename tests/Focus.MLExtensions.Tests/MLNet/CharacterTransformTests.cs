using System.IO.Compression;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

[TestClass]
public sealed class CharacterTransformTests
{
    private static readonly string[] Texts = ["abba", "", "cab, 🙂 ba", "\n\tabc"];

    private readonly TemporaryFolder folder = new();
    private readonly MLContext mlContext = new();

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void The_text_comes_back_from_tokens_that_are_counted_from_0()
    {
        var data = mlContext.Texts(Texts);
        var output = RoundTrip().Fit(data).Transform(data);

        var tokens = output.GetColumn<int[]>("Tokens").ToArray();
        CollectionAssert.AreEqual(Texts, output.GetColumn<string>("Again").ToArray());
        Assert.IsEmpty(tokens[1]);
        CollectionAssert.AreEqual(Enumerable.Range(0, 8).ToArray(), tokens.SelectMany(row => row).Distinct().Order().ToArray());
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Int32), output.Schema["Tokens"].Type);
    }

    [TestMethod]
    public void The_transformer_tells_the_vocabulary_it_has_learned()
    {
        var model = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text").Fit(mlContext.Texts(["cab", "ad"]));

        Assert.AreEqual(4, model.TokenCount);
        CollectionAssert.AreEqual(new[] { "a", "b", "c", "d" }, ((CharacterTokenizer)model.Tokenizer).Vocabulary.ToArray());
    }

    [TestMethod]
    public void A_saved_chain_makes_the_same_tokens_and_text()
    {
        var data = mlContext.Texts(Texts);
        var model = RoundTrip().Fit(data);
        mlContext.Model.Save(model, data.Schema, folder.File("model.zip"));

        var fresh = new MLContext();
        var output = fresh.Model.Load(folder.File("model.zip"), out _).Transform(data);

        CollectionAssert.AreEqual(Texts, output.GetColumn<string>("Again").ToArray());
        CollectionAssert.AreEqual(
            model.Transform(data).GetColumn<int[]>("Tokens").SelectMany(row => row).ToArray(),
            output.GetColumn<int[]>("Tokens").SelectMany(row => row).ToArray());
    }

    [TestMethod]
    public void A_model_file_of_ours_holds_the_vocabulary()
    {
        var model = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text").Fit(mlContext.Texts(["cab"]));
        mlContext.Focus.Model.Save(model, folder.File("model.zip"));

        var loaded = (TokenizingTransformer)mlContext.Focus.Model.Load(folder.File("model.zip"));

        Assert.AreEqual(3, loaded.TokenCount);
        CollectionAssert.AreEqual(new[] { 1, 0, 2 }, loaded.Transform(mlContext.Texts(["bac"])).GetColumn<int[]>("Tokens").Single());
    }

    [TestMethod]
    public void A_prediction_engine_takes_text_and_gives_tokens_and_text()
    {
        var data = mlContext.Texts(Texts);
        using var engine = mlContext.Model.CreatePredictionEngine<Sentence, Tokenized>(RoundTrip().Fit(data));

        foreach (var text in new[] { "abc", "", "🙂" })
        {
            var row = engine.Predict(new Sentence { Text = text });
            Assert.AreEqual(text, row.Again);
            Assert.AreEqual(text.EnumerateRunes().Count(), row.Tokens.Length);
        }
    }

    [TestMethod]
    public void Many_rows_are_tokenized_in_their_order()
    {
        var texts = Enumerable.Range(0, 1000).Select(i => $"{i}").ToArray();
        var data = mlContext.Texts(texts);

        CollectionAssert.AreEqual(texts, RoundTrip().Fit(data).Transform(data).GetColumn<string>("Again").ToArray());
    }

    [TestMethod]
    public void A_tokenizer_that_is_given_makes_text_of_any_column_of_tokens()
    {
        var data = mlContext.Data.LoadFromEnumerable([new TokenRow { Tokens = [1, 0, 1] }]);
        var detokenize = mlContext.Focus.Transforms.DetokenizeCharacters("Text", "Tokens", CharacterTokenizer.Learn(["ab"]));

        Assert.AreEqual("bab", detokenize.Fit(data).Transform(data).GetColumn<string>("Text").Single());
    }

    [TestMethod]
    public void Without_a_tokenizer_the_column_must_carry_its_vocabulary()
    {
        var data = mlContext.Data.LoadFromEnumerable([new TokenRow { Tokens = [1] }]);
        var estimator = mlContext.Focus.Transforms.DetokenizeCharacters("Text", "Tokens");

        var shape = MlNetInternals.Current.CreateSchemaShape(data.Schema);
        foreach (var act in new Action[] { () => estimator.Fit(data), () => estimator.GetOutputSchema(shape) })
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(act);
            StringAssert.Contains(error.Message, "'Tokens'");
            StringAssert.Contains(error.Message, "TokenizeCharacters");
        }
    }

    [TestMethod]
    public void A_tokenizer_of_another_library_is_not_taken_for_one_of_ours()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddPrimitiveValue("Tokenizer", TextDataViewType.Instance, "another".AsMemory());
        var schema = new DataViewSchema.Builder();
        schema.AddColumn("Tokens", TokenColumn.Type, annotations.ToAnnotations());

        Assert.IsNull(TokenColumn.TokenizerOf(schema.ToSchema()["Tokens"]));
    }

    [TestMethod]
    public void Model_files_describe_the_tokenizer_by_name_and_vocabulary()
    {
        var characters = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text").Fit(mlContext.Texts(["ba"]));
        var gpt2 = mlContext.Focus.Transforms.TokenizeGpt2("Tokens", "Text").Fit(mlContext.Texts(["ba"]));
        foreach (var (model, tokenizer) in new[]
        {
            (characters, """{ "name": "characters", "vocabulary": ["a", "b"] }"""), (gpt2, """{ "name": "gpt2", "vocabulary": null }"""),
        })
        {
            using var file = new MemoryStream();
            ModelFile.Save(model, file);
            using var zip = new ZipArchive(file, ZipArchiveMode.Read);
            using var entry = zip.GetEntry("configuration.json")!.Open();

            var expected = JsonNode.Parse($$"""{ "outputColumnName": "Tokens", "inputColumnName": "Text", "tokenizer": {{tokenizer}} }""");
            var found = JsonNode.Parse(entry);
            Assert.IsTrue(JsonNode.DeepEquals(expected, found), found!.ToJsonString());
        }
    }

    [TestMethod]
    public void Columns_that_are_missing_or_of_another_type_are_named()
    {
        var tokens = mlContext.Data.LoadFromEnumerable([new TokenRow()]);
        var texts = mlContext.Texts(["a"]);
        (IEstimator<ITransformer> Estimator, IDataView Data, string[] Parts)[] cases =
        [
            (mlContext.Focus.Transforms.TokenizeCharacters("Out", "Body"), texts, ["'Body'", "'Text'"]),
            (mlContext.Focus.Transforms.TokenizeCharacters("Out", "Tokens"), tokens, ["'Tokens'", "String", "Vector<Int32>"]),
            (mlContext.Focus.Transforms.DetokenizeGpt2("Out", "Ids"), tokens, ["'Ids'", "'Tokens'"]),
            (mlContext.Focus.Transforms.DetokenizeGpt2("Out", "Text"), texts, ["'Text'", "vector of Int32", "String"]),
        ];
        foreach (var (estimator, data, parts) in cases)
        {
            var shape = MlNetInternals.Current.CreateSchemaShape(data.Schema);
            foreach (var act in new Action[] { () => estimator.Fit(data), () => estimator.GetOutputSchema(shape) })
            {
                var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(act);
                foreach (var part in parts) StringAssert.Contains(error.Message, part);
            }
        }
    }

    [TestMethod]
    public void A_character_or_token_that_is_unknown_is_named_with_its_row()
    {
        var tokenize = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text").Fit(mlContext.Texts(["ab"]));
        var detokenize = mlContext.Focus.Transforms.DetokenizeCharacters("Text", "Tokens", (CharacterTokenizer)tokenize.Tokenizer);
        var tokens = mlContext.Data.LoadFromEnumerable([new TokenRow { Tokens = [0] }, new TokenRow { Tokens = [0, 2] }]);

        var inText = Assert.ThrowsExactly<InvalidOperationException>(
            () => tokenize.Transform(mlContext.Texts(["a", "b", "ax"])).GetColumn<int[]>("Tokens").Count());
        var inTokens = Assert.ThrowsExactly<InvalidOperationException>(
            () => detokenize.Fit(tokens).Transform(tokens).GetColumn<string>("Text").Count());

        foreach (var part in new[] { "'Text'", "row 2", "'x'" }) StringAssert.Contains(inText.Message, part);
        foreach (var part in new[] { "'Tokens'", "row 1", "slot 1", "0 to 1", "found 2" }) StringAssert.Contains(inTokens.Message, part);
    }

    [TestMethod]
    public void Nothing_to_learn_from_is_an_error()
    {
        foreach (var texts in new string[][] { [], [""] })
            StringAssert.Contains(
                Assert.ThrowsExactly<InvalidOperationException>(
                    () => mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text").Fit(mlContext.Texts(texts))).Message,
                "no characters");
    }

    private IEstimator<ITransformer> RoundTrip() => mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text")
        .Append(mlContext.Focus.Transforms.DetokenizeCharacters("Again", "Tokens"));
}
