using Focus;
using Microsoft.ML;
using Microsoft.ML.Data;
using Spectre.Console;

// Three optimizers train the same small network on the same data, in an ordinary ML.NET pipeline; one line differs between them.
const int points = 4000, steps = 600;
int[] shownSteps = [100, 200, 400, 600];
OptimizerSettings[] optimizers =
[
    new FocusOptions { LearningRate = 2e-3, Beta1 = 0.9, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 1e-2 },
    new SignumOptions { LearningRate = 2e-3, WeightDecay = 1e-2 },
    new AdamWOptions { LearningRate = 2e-3, WeightDecay = 1e-2 },
];

var mlContext = new MLContext(seed: 1);
var data = mlContext.Data.LoadFromEnumerable(Spirals.Generate(points, seed: 1));
var split = mlContext.Data.TrainTestSplit(data, testFraction: 0.25);
var labelToKey = mlContext.Transforms.Conversion.MapValueToKey("Label");
var evaluationSet = labelToKey.Fit(split.TrainSet).Transform(split.TestSet);

AnsiConsole.MarkupLine($"[bold]Three spiral arms[/], {points} points; a network 2-64-64-3, batches of 16, {steps} steps with each optimizer");
var table = new Table().Border(TableBorder.Rounded).AddColumn("Optimizer")
    .AddColumns([.. shownSteps.Select(step => new TableColumn($"loss at {step}").RightAligned()), new TableColumn("accuracy").RightAligned()]);
ITransformer? focusModel = null;
foreach (var optimizer in optimizers)
{
    var losses = new Losses(shownSteps);
    var pipeline = labelToKey.Append(mlContext.Focus.Trainers.Mlp(new MlpTrainer.Options
    {
        HiddenWidths = [64, 64],
        Optimizer = optimizer,
        Schedule = new CosineSchedule { WarmupSteps = 20 },
        BatchSize = 16,
        MaxSteps = steps,
        EvaluationSet = evaluationSet,
        EvaluationInterval = shownSteps[0],
        Progress = losses,
    }));
    var model = pipeline.Fit(split.TrainSet);
    var metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(split.TestSet));
    table.AddRow([optimizer.Name, .. losses.Shown, $"{metrics.MicroAccuracy:P1}"]);
    focusModel ??= model;
}
AnsiConsole.Write(table);

// Models are saved and loaded like any other ML.NET model.
var path = Path.Combine(Path.GetTempPath(), "spirals.zip");
mlContext.Model.Save(focusModel, data.Schema, path);
var loaded = mlContext.Model.Load(path, out _);
AnsiConsole.MarkupLineInterpolated($"The FOCUS model, saved to {path} and loaded again, predicts the arm of each point of the square [[−1, 1]]²:");
using var engine = mlContext.Model.CreatePredictionEngine<SpiralPoint, SpiralPrediction>(loaded);
const int size = 31;
Color[] colors = [Color.DodgerBlue1, Color.Orange1, Color.Yellow2];
var canvas = new Canvas(size, size);
for (var row = 0; row < size; row++)
    for (var column = 0; column < size; column++)
    {
        var prediction = engine.Predict(new SpiralPoint { Features = [2f * column / (size - 1) - 1, 1 - 2f * row / (size - 1)] });
        canvas.SetPixel(column, row, colors[prediction.PredictedLabel - 1]);
    }
AnsiConsole.Write(canvas);

/// <summary>Collects the test loss after some steps of a run.</summary>
file sealed class Losses(int[] steps) : IProgress<TrainingProgress>
{
    public List<string> Shown { get; } = [];

    public void Report(TrainingProgress value)
    {
        if (value.Evaluation is { } evaluation && steps.Contains((int)value.Step)) Shown.Add($"{evaluation.Loss:F3}");
    }
}

/// <summary>A point of the plane and the arm of the spiral it lies on.</summary>
internal sealed class SpiralPoint
{
    [VectorType(2)]
    public float[] Features { get; set; } = [];

    public string Label { get; set; } = "";
}

/// <summary>The arm that a model predicts, from 1.</summary>
internal sealed class SpiralPrediction
{
    public uint PredictedLabel { get; set; }
}

/// <summary>Three interleaved spiral arms with noise: small, needs no download, and no straight line separates it.</summary>
file static class Spirals
{
    private const int Arms = 3;

    public static IEnumerable<SpiralPoint> Generate(int count, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            var radius = 0.1 + 0.9 * random.NextDouble();
            var angle = 2 * Math.PI * (i % Arms / (double)Arms + 0.9 * radius) + 0.12 * Gaussian(random);
            var (sin, cos) = Math.SinCos(angle);
            yield return new SpiralPoint { Features = [(float)(radius * cos), (float)(radius * sin)], Label = $"arm {i % Arms + 1}" };
        }
    }

    private static double Gaussian(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
