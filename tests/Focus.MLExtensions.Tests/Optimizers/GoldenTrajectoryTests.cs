using System.Text.Json;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>The parameter trajectories of the published FOCUS code and of PyTorch's AdamW.</summary>
[TestClass]
public class GoldenTrajectoryTests
{
    private static readonly string[] Names = ["weight", "bias"];

    [TestMethod]
    public void EveryTrajectoryIsReproduced()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(SharedData.Golden("optimizers.json")));
        var cases = document.RootElement.GetProperty("cases").EnumerateArray().ToList();
        Assert.IsNotEmpty(cases);
        foreach (var golden in cases) Reproduce(golden, Options(golden));
    }

    [TestMethod]
    public void SignumIsFocusWithoutAttractionAndAverage()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(SharedData.Golden("optimizers.json")));
        var golden = document.RootElement.GetProperty("cases").EnumerateArray()
            .Single(c => c.GetProperty("name").GetString() == "signum_is_focus_gamma0_beta2_0");
        var focus = (FocusOptions)Options(golden);
        Reproduce(golden, new SignumOptions { LearningRate = focus.LearningRate, Beta1 = focus.Beta1, WeightDecay = focus.WeightDecay });
    }

    private static OptimizerSettings Options(JsonElement golden)
    {
        var values = golden.GetProperty("hyperparameters");
        double Value(string name) => values.GetProperty(name).GetDouble();
        return golden.GetProperty("algorithm").GetString() switch
        {
            "focus" => new FocusOptions
            {
                LearningRate = Value("lr"), Beta1 = Value("beta1"), Beta2 = Value("beta2"), Gamma = Value("gamma"), WeightDecay = Value("weight_decay"),
            },
            "adamw" => new AdamWOptions
            {
                LearningRate = Value("lr"), Beta1 = Value("beta1"), Beta2 = Value("beta2"), WeightDecay = Value("weight_decay"),
            },
            var other => throw new InvalidDataException($"unknown algorithm {other}"),
        };
    }

    private static void Reproduce(JsonElement golden, OptimizerSettings options)
    {
        var single = golden.GetProperty("dtype").GetString() == "float32";
        var decaying = golden.GetProperty("weight_decay_applies_to").EnumerateArray().Select(n => n.GetString()).ToHashSet();
        var parameters = Names.ToDictionary(n => n, n => new Parameter(Values(golden.GetProperty("initial").GetProperty(n), golden, n, single)));
        using var optimizer = options.CreateOptimizer(Names.Select(n =>
            new ParameterGroup([parameters[n]]) { WeightDecay = decaying.Contains(n) ? null : 0 }));
        var rates = golden.GetProperty("learning_rates").EnumerateArray().Select(r => r.GetDouble()).ToList();
        var gradients = golden.GetProperty("gradients").EnumerateArray().ToList();
        var expected = golden.GetProperty("expected").EnumerateArray().ToDictionary(e => e.GetProperty("step").GetInt32(), e => e.GetProperty("params"));
        for (var step = 1; step <= gradients.Count; step++)
        {
            foreach (var group in optimizer.ParamGroups) group.LearningRate = rates[step - 1];
            foreach (var name in Names) parameters[name].grad = Values(gradients[step - 1].GetProperty(name), golden, name, single);
            optimizer.step();
            if (!expected.TryGetValue(step, out var values)) continue;
            foreach (var name in Names)
                AssertClose(values.GetProperty(name), parameters[name], single ? 1e-6 : 1e-12, $"{golden.GetProperty("name")}, {options.Name}, step {step}, {name}");
        }
    }

    private static Tensor Values(JsonElement values, JsonElement golden, string name, bool single)
    {
        var shape = golden.GetProperty("shapes").GetProperty(name).EnumerateArray().Select(d => d.GetInt64()).ToArray();
        var doubles = tensor(values.EnumerateArray().Select(v => v.GetDouble()).ToArray(), shape);
        return single ? doubles.to(ScalarType.Float32) : doubles;
    }

    private static void AssertClose(JsonElement expected, Tensor actual, double tolerance, string what)
    {
        var values = actual.detach().to(ScalarType.Float64).data<double>().ToArray();
        var i = 0;
        foreach (var value in expected.EnumerateArray())
        {
            Assert.AreEqual(value.GetDouble(), values[i], tolerance, $"{what}[{i}]");
            i++;
        }
        Assert.AreEqual(i, values.Length, what);
    }
}
