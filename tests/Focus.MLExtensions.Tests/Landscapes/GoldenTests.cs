using System.Text.Json;

namespace Focus.Tests;

[TestClass]
public class GoldenTests
{
    private const int Replicates = 2000;

    public static IEnumerable<object[]> Modes => [[NoiseMode.Independent], [NoiseMode.Common]];

    [TestMethod]
    [DynamicData(nameof(Modes))]
    public void MeansAgreeWithReference(NoiseMode mode)
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(SharedData.Golden("landscape.json")));
        var rows = golden.RootElement.GetProperty("rows").EnumerateArray().ToArray();
        Assert.IsNotEmpty(rows);
        var faults = rows.AsParallel().SelectMany(row => Compare(row, mode)).ToArray();
        Assert.IsEmpty(faults, string.Join(Environment.NewLine, faults));
    }

    private static List<string> Compare(JsonElement row, NoiseMode mode)
    {
        double Number(string name) => row.GetProperty(name).GetDouble();
        var optimizer = row.GetProperty("optimizer").GetString()!;
        var simulator = new LandscapeSimulator(new()
        {
            Optimizers = [Optimizers.Named(optimizer)],
            LearningRates = [Number("learning_rate")],
            Replicates = Replicates,
            Steps = row.GetProperty("steps").GetInt32(),
            Recording = RunRecording.Extremes,
            NoiseMode = mode,
            Seed = 7,
        });
        var outcomes = simulator.Simulate(new(Number("sharpness"), Number("noise_std"), Number("weight_decay"), Number("c"))).Outcomes;
        var faults = new List<string>();
        string[] metrics = ["final_loss", "min_loss", "projection"];
        for (var metric = 0; metric < 3; metric++)
        {
            var (mean, error) = Statistics.MeanAndError(outcomes.Where((_, i) => i % 3 == metric).ToArray());
            var combined = Math.Sqrt(error * error + Math.Pow(Number(metrics[metric] + "_se"), 2));
            var deviation = Math.Abs(mean - Number(metrics[metric] + "_mean")) / combined;
            if (!(deviation <= 4)) faults.Add($"{optimizer}, noise {Number("noise_std")}, {metrics[metric]}: {mean} is {deviation:F1} standard errors off");
        }
        return faults;
    }
}
