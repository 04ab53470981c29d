using Microsoft.ML;

namespace Focus.Tests;

/// <summary>Networks with weights of their own in pipelines: from folders of Hugging Face, files, or training.</summary>
[TestClass]
public sealed class PretrainedGpt2Tests
{
    private static readonly Gpt2Config Biased = TinyGpt2.Model with { Bias = true };
    private static readonly Gpt2Pretrainer.Options Tiny = TinyGpt2.Quick with { Model = Biased };

    private readonly TemporaryFolder folder = new();
    private readonly MLContext mlContext = new(seed: 1);

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void Training_starts_from_a_copy_of_the_initial_network()
    {
        var data = mlContext.Tokens(Enumerable.Range(0, 40).Select(i => i % 10).ToArray());
        using var network = Gpt2Of(seed: 5);
        var expected = Losses(network, data);
        // A step of 0 leaves the weights as they were.
        var options = Tiny with { Initial = network, MaxSteps = 1, Optimizer = new SgdOptions { LearningRate = 0 } };

        var untrained = mlContext.Focus.Gpt2Pretrainer(options).Fit(data).Losses(data);
        var trained = mlContext.Focus.Gpt2Pretrainer(options with { MaxSteps = 10, Optimizer = TinyGpt2.Quick.Optimizer }).Fit(data).Losses(data);

        CollectionAssert.AreEqual(expected, untrained);
        Assert.IsLessThan(expected[0] - 0.1f, trained[0]);
        CollectionAssert.AreEqual(expected, Losses(network, data), "The network is as it was.");
    }

    [TestMethod]
    public void The_model_is_that_of_the_initial_network_and_may_differ_in_the_dropout_alone()
    {
        using var network = Gpt2Of(seed: 5);

        Assert.AreEqual(Biased, new Gpt2Pretrainer.Options { Initial = network }.Model);
        mlContext.Focus.Gpt2Pretrainer(Tiny with { Initial = network, Model = Biased with { Dropout = 0.1 } });
        var error = Assert.Throws<ArgumentException>(
            () => mlContext.Focus.Gpt2Pretrainer(Tiny with { Initial = network, Model = Biased with { Layers = 3 } }));
        Assert.AreEqual("Initial", error.ParamName);
    }

    [TestMethod]
    public void A_network_of_a_folder_or_a_file_serves_in_chains_engines_and_model_files()
    {
        using (var network = Gpt2Of(seed: 5))
        {
            HuggingFaceGpt2.Save(network, folder.File("hub"));
            Gpt2Files.Save(network, folder.File("gpt2.safetensors"));
        }
        var texts = mlContext.Texts("abcdefghi abc", "ihg");
        var characters = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text").Fit(texts);
        var options = new Gpt2Pretrainer.Options { GenerateTokens = 4, Generation = new GenerationOptions { Temperature = 0 } };
        foreach (var network in new[] { HuggingFaceGpt2.Load(folder.File("hub")), Gpt2Files.Load(folder.File("gpt2.safetensors")) })
        {
            var chain = characters.Append(mlContext.Focus.Gpt2Transformer(network, options));
            var expected = chain.Losses(texts);
            Assert.IsTrue(expected.All(float.IsFinite));
            using var file = new MemoryStream();
            mlContext.Model.Save(chain, texts.Schema, file);
            using var engine = mlContext.Model.CreatePredictionEngine<Sentence, Judged>(new MLContext().Model.Load(file, out _));

            var judged = engine.Predict(new Sentence { Text = "ihg" });

            Assert.AreEqual(expected[1], judged.Loss, 1e-6f);
            Assert.HasCount(4, judged.Continuation);
            chain.Dispose();
            Assert.ThrowsExactly<ObjectDisposedException>(() => chain.LastTransformer.Network);
        }
    }

    [TestMethod]
    public void Settings_that_do_not_fit_the_network_are_refused()
    {
        using var network = Gpt2Of(seed: 5);
        Assert.Throws<ArgumentException>(() => mlContext.Focus.Gpt2Transformer(network, new Gpt2Pretrainer.Options { Separator = 12 }));
        Assert.Throws<ArgumentException>(() => mlContext.Focus.Gpt2Transformer(network, new Gpt2Pretrainer.Options { TokenColumnName = "" }));
        Assert.Throws<ArgumentNullException>(() => mlContext.Focus.Gpt2Transformer(null!));
    }

    private static Gpt2 Gpt2Of(long seed) => new(Biased, seed);

    private float[] Losses(Gpt2 network, IDataView data)
    {
        var copy = new Gpt2(network.Config);
        copy.load_state_dict(network.state_dict());
        using var model = mlContext.Focus.Gpt2Transformer(copy);
        return model.Losses(data);
    }
}
