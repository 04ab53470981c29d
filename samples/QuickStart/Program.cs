using Focus;
using Microsoft.ML;
using QuickStart;
using Spectre.Console;

// Three optimizers train the same small network on the same data, in an ordinary ML.NET pipeline; one line differs between them.
const int points = 4000, steps = 600;
OptimizerSettings[] optimizers =
[
    new FocusOptions { LearningRate = 2e-3, Beta1 = 0.9, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 1e-2 },
    new SignumOptions { LearningRate = 2e-3, WeightDecay = 1e-2 },
    new AdamWOptions { LearningRate = 2e-3, WeightDecay = 1e-2 },
];

var mlContext = new MLContext(seed: 1);
var data = mlContext.Data.LoadFromEnumerable(Spirals.Generate(points, seed: 1));
var split = mlContext.Data.TrainTestSplit(data, testFraction: 0.25);

var table = new Table().Border(TableBorder.Rounded)
    .AddColumn("Optimizer")
    .AddColumns(Curve.Steps.Select(step => new TableColumn($"loss at {step}").RightAligned()).ToArray())
    .AddColumn(new TableColumn("accuracy").RightAligned());
ITransformer? focusModel = null;

AnsiConsole.MarkupLine($"[bold]Three spiral arms[/], {points} points; a network 2-64-64-3, batches of 16, {steps} steps with each optimizer");
AnsiConsole.Progress()
    .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
    .Start(progress =>
    {
        foreach (var optimizer in optimizers)
        {
            var task = progress.AddTask(optimizer.Name, maxValue: steps);
            var curve = new Curve(step => task.Value = step);
            var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
                .Append(mlContext.Focus.Trainers.Mlp(new MlpTrainer.Options
                {
                    HiddenWidths = [64, 64],
                    Optimizer = optimizer,
                    Schedule = new CosineSchedule { WarmupSteps = 20 },
                    BatchSize = 16,
                    MaxSteps = steps,
                    EvaluationSet = Prepared(split.TestSet),
                    EvaluationInterval = Curve.Steps[0],
                    Progress = curve,
                }));
            var model = pipeline.Fit(split.TrainSet);
            var metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(split.TestSet));
            table.AddRow([optimizer.Name, .. curve.Losses.Select(loss => $"{loss:F3}"), $"{metrics.MicroAccuracy:P1}"]);
            focusModel ??= model;
        }
    });
AnsiConsole.Write(table);

// Saved and loaded like any other ML.NET model.
var path = Path.Combine(Path.GetTempPath(), "spirals.zip");
mlContext.Model.Save(focusModel, data.Schema, path);
var loaded = mlContext.Model.Load(path, out _);
AnsiConsole.MarkupLineInterpolated($"The FOCUS model, saved to {path}, loaded again, and asked point by point:");
using var engine = mlContext.Model.CreatePredictionEngine<SpiralPoint, SpiralPrediction>(loaded);
RegionMap.Write(point => (int)engine.Predict(point).PredictedLabel);

IDataView Prepared(IDataView view) => mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(split.TrainSet).Transform(view);
