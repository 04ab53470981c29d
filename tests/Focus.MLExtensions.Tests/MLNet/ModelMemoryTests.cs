using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>The native memory of models: of those that programs dispose of, and of those they just drop.</summary>
[TestClass]
public sealed class ModelMemoryTests
{
    private const int Repeats = 12;

    /// <summary>The weights of <see cref="Large"/>: layers of 2 × 1024, 1024 × 2048 and 2048 × 3, and biases, four bytes each.</summary>
    private const long ModelBytes = 4 * (2 * 1024 + 1024 * 2048 + 2048 * 3 + 1024 + 2048 + 3);

    /// <summary>What .NET and libtorch may take besides, as for a first use.</summary>
    private const long Slack = 16 << 20;

    private readonly MLContext mlContext = new(seed: 1);

    private static MlpTrainer.Options Large
        => Blobs.Quick with { HiddenWidths = [1024, 2048], BatchNormalization = false, BatchSize = 2, MaxSteps = 1, Optimizer = new SgdOptions() };

    [TestMethod]
    public void Models_that_are_fitted_and_dropped_stay_within_three_models_memory()
        => AssertBounded(() => mlContext.Focus.Trainers.Mlp(Large).Fit(mlContext.View(Blobs.Keyed(6))));

    [TestMethod]
    public void Models_that_are_loaded_stay_within_three_models_memory_dropped_or_disposed_of()
    {
        using var file = SavedModel();
        AssertBounded(() => mlContext.Model.Load(file, out _));
        AssertBounded(() => ((IDisposable)mlContext.Model.Load(file, out _)).Dispose());
    }

    [TestMethod]
    public void Folds_of_cross_validations_that_are_dropped_stay_within_three_models_memory()
        => AssertBounded(
            () => mlContext.MulticlassClassification.CrossValidate(mlContext.View(Blobs.Keyed(30)), mlContext.Focus.Trainers.Mlp(Large), numberOfFolds: 2),
            modelsAtOnce: 2);

    [TestMethod]
    public void Networks_and_data_that_are_made_and_dropped_stay_within_three_times_their_memory()
    {
        var config = TinyGpt2.Model with { Layers = 1, Width = 416 }; // 12 · 416² weights in the layer.
        AssertBounded(() => new Gpt2(config));
        AssertBounded(() => new ClassificationData(zeros(2, ModelBytes / 8), zeros(2, ScalarType.Int64)));
    }

    [TestMethod]
    public void A_chain_that_is_disposed_of_frees_the_networks_in_it()
    {
        var data = mlContext.Data.LoadFromEnumerable(Blobs.Colored(60));
        var fitted = Pipelines.Colors(mlContext).Fit(data);
        using var chain = (IDisposable)fitted;
        var model = ((IEnumerable<ITransformer>)fitted).OfType<MlpTransformer>().Single();
        var weights = model.Network.parameters().ToArray();
        var view = fitted.Transform(data);

        chain.Dispose();

        Assert.IsTrue(weights.All(weight => weight.IsInvalid));
        Assert.ThrowsExactly<ObjectDisposedException>(() => model.Network);
        Assert.ThrowsExactly<ObjectDisposedException>(() => view.GetColumn<float[]>("Score").Count());
    }

    [TestMethod]
    public void A_prediction_engine_that_is_disposed_of_frees_the_network_it_owns_and_leaves_others()
    {
        var model = mlContext.Focus.Gpt2Pretrainer(TinyGpt2.Quick with { MaxSteps = 1 }).Fit(mlContext.Tokens([1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
        var weights = model.Network.parameters().ToArray();

        mlContext.Model.CreatePredictionEngine<TokenRow, Judged>(model, new PredictionEngineOptions { OwnsTransformer = false }).Dispose();
        Assert.IsFalse(weights.Any(weight => weight.IsInvalid));

        mlContext.Model.CreatePredictionEngine<TokenRow, Judged>(model).Dispose();
        Assert.IsTrue(weights.All(weight => weight.IsInvalid));
    }

    private MemoryStream SavedModel()
    {
        var file = new MemoryStream();
        var data = mlContext.View(Blobs.Keyed(6));
        using var model = mlContext.Focus.Trainers.Mlp(Large).Fit(data);
        mlContext.Model.Save(model, data.Schema, file);
        return file;
    }

    private static void AssertBounded(Action use, int modelsAtOnce = 1)
    {
        use();
        var (start, most) = (Environment.WorkingSet, 0L);
        for (var i = 0; i < Repeats; i++)
        {
            use();
            most = Math.Max(most, Environment.WorkingSet - start);
        }
        Assert.IsLessThan(3 * modelsAtOnce * ModelBytes + Slack, most);
    }
}
