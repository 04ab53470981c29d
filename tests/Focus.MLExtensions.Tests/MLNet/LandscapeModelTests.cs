using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

/// <summary>Scans in model files.</summary>
[TestClass]
public sealed class LandscapeModelTests
{
    private static readonly LandscapeScan.Options Unusual = QuickScan.Options with
    {
        Optimizers = [LandscapeOptimizer.Adam(0.8, 0.99, 1e-6), LandscapeOptimizer.Focus(0.7, 0.95, 0.3), LandscapeOptimizer.Signum(0.85), LandscapeOptimizer.Lion(0.8, 0.9), LandscapeOptimizer.From(new AdEMAMixOptions { Alpha = 3, Beta3Warmup = 7 }, "slow")],
        LearningRates = [1.0 / 3, 0.01],
        Dimensions = 3,
        StartSpread = 0.1,
        NoiseMode = NoiseMode.Common,
        Recording = RunRecording.Extremes,
        RawLosses = true,
        Slope = 0.3,
    };

    private readonly MLContext mlContext = new(seed: 1);

    [TestMethod]
    public void A_chain_gives_the_same_after_loading_in_another_context()
    {
        var grid = mlContext.Grid();
        var model = mlContext.Transforms.CopyColumns("Slope", "Noise").Append(mlContext.Focus.Landscapes.NarrowingValley(QuickScan.Options))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("Name", "Winner")).Fit(grid);
        using var file = new MemoryStream();
        mlContext.Model.Save(model, grid.Schema, file);

        var fresh = new MLContext();
        var loaded = fresh.Model.Load(file, out _);

        CollectionAssert.AreEqual(model.Transform(grid).Doubles("FocusLoss"), loaded.Transform(grid).Doubles("FocusLoss"));
        CollectionAssert.AreEqual(model.Transform(grid).GetColumn<string>("Name").ToArray(), loaded.Transform(grid).GetColumn<string>("Name").ToArray());
    }

    [TestMethod]
    public void Every_option_is_kept()
    {
        var grid = mlContext.Grid();
        var model = mlContext.Focus.Landscapes.QuadraticValley(Unusual).Fit(grid);

        var loaded = Reload(model);

        CollectionAssert.AreEqual(Raw(model, grid), Raw(loaded, grid));
    }

    [TestMethod]
    public void An_optimizer_that_no_file_can_name_is_refused_when_the_model_is_saved()
    {
        var options = QuickScan.Options with { Optimizers = [LandscapeOptimizer.From(new SignDescentOptions())] };
        var model = mlContext.Focus.Landscapes.NarrowingValley(options).Fit(mlContext.Grid());

        Assert.IsTrue(model.Transform(mlContext.Grid()).Doubles("SignDescentLoss").All(double.IsFinite));
        using var file = new MemoryStream();
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => mlContext.Focus.Model.Save(model, file)).Message, "SignDescent");
    }

    [TestMethod]
    [DataRow("beta1=0.8", "beta1=1.8")]
    [DataRow("Lion(", "Tiger(")]
    [DataRow("quadratic valley", "quadratic hill")]
    [DataRow("\"replicates\": 3", "\"replicates\": 0")]
    [DataRow("\"Common\"", "\"Rare\"")]
    [DataRow("\"seed\": 5,", "")]
    public void A_damaged_configuration_is_one_error(string text, string replacement)
    {
        using var file = new MemoryStream();
        mlContext.Focus.Model.Save(mlContext.Focus.Landscapes.QuadraticValley(Unusual).Fit(mlContext.Grid()), file);
        using (var zip = new ZipArchive(file, ZipArchiveMode.Update, leaveOpen: true))
        {
            var entry = zip.GetEntry("configuration.json")!;
            string json;
            using (var reader = new StreamReader(entry.Open())) json = reader.ReadToEnd();
            StringAssert.Contains(json, text);
            entry.Delete();
            using var writer = new StreamWriter(zip.CreateEntry("configuration.json").Open());
            writer.Write(json.Replace(text, replacement));
        }
        file.Position = 0;

        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => mlContext.Focus.Model.Load(file)).Message, "configuration");
    }

    private FocusTransformer Reload(FocusTransformer model)
    {
        using var file = new MemoryStream();
        mlContext.Focus.Model.Save(model, file);
        file.Position = 0;
        return mlContext.Focus.Model.Load(file);
    }

    /// <summary>An optimizer of a user's own.</summary>
    private sealed record SignDescentOptions : OptimizerSettings
    {
        public override string Name => "SignDescent";

        protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise<SignDescentRule, SignDescentOptions>();
    }

    private readonly struct SignDescentRule(double learningRate) : IUpdateRule<SignDescentRule, SignDescentOptions>
    {
        private readonly Coefficient descent = -0.5 * learningRate;

        public static int StateCount => 0;

        public static SignDescentRule At(SignDescentOptions options, UpdateStep step) => new(step.LearningRate);

        public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
            => parameter = T.MultiplyAdd(T.Sign(gradient), descent, parameter);
    }

    private static double[] Raw(FocusTransformer model, IDataView grid)
        => [.. model.Transform(grid).GetColumn<double[]>("RawLosses").SelectMany(losses => losses)];
}
