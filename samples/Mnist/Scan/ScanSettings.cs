using System.Text.Json;
using System.Text.Json.Nodes;
using Focus;

namespace Mnist;

/// <summary>What the command line asks to scan.</summary>
internal sealed record ScanSettings(
    string Data, string Out, string[] Optimizers, int[] BatchSizes, double[] LearningRates, int Replicates, int Steps, int EvaluateEvery, long Seed,
    string Shard, int Workers)
{
    /// <summary>The runs.</summary>
    /// <param name="data">What the data are, so that results of other data are told apart.</param>
    /// <exception cref="ArgumentException">A value is outside its range.</exception>
    public ScanPlan Plan(JsonObject data)
    {
        if (EvaluateEvery < 0) throw new ArgumentException($"--evaluate-every is {EvaluateEvery}; valid is a whole number, at least 0.");
        if (Workers < 1) throw new ArgumentException($"--workers is {Workers}; valid is a whole number, at least 1.");
        var plan = new ScanPlan
        {
            Settings = new JsonObject
            {
                ["data"] = data,
                ["network"] = PaperNetwork.Description,
                ["optimizers"] = new JsonObject(Optimizers.Distinct().Select(name => KeyValuePair.Create(name, Describe(name)))),
                ["evaluate_every"] = EvaluateEvery,
            },
            Trainers = Optimizers,
            BatchSizes = BatchSizes,
            LearningRates = LearningRates,
            Metrics = Metric.Names,
            Replicates = Replicates,
            Steps = Steps,
            Seed = Seed,
        };
        plan.Validate();
        return plan;
    }

    /// <summary>All settings but the learning rate, which the scan varies.</summary>
    private static JsonNode? Describe(string name)
    {
        var options = PaperOptimizers.Create(name, learningRate: 0);
        var settings = JsonSerializer.SerializeToNode(options, options.GetType())!;
        settings.AsObject().Remove(nameof(OptimizerSettings.LearningRate));
        return settings;
    }
}
