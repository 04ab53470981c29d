using Focus;

namespace Mnist;

/// <summary>Makes the runs of a scan on data that all of them share.</summary>
internal sealed class ScanTrainer(ScanPlan plan, int evaluateEvery, ScanData data)
{
    /// <summary>Trains a network afresh and records its losses.</summary>
    public void Train(ScanRun run, RunMetrics metrics, CancellationToken cancellation)
    {
        using var network = PaperNetwork.Create(run.Seed);
        var options = new TrainingOptions
        {
            Optimizer = PaperOptimizers.Create(plan.Trainers[run.Trainer], run.LearningRate),
            BatchSize = run.BatchSize,
            MaxSteps = plan.Steps,
            Seed = run.Seed,
            EvaluationInterval = evaluateEvery,
            CancellationToken = cancellation,
            Progress = new Recorder(metrics),
        };
        try
        {
            new ClassifierTraining(network, network.ParameterGroups, options).Run(data.Train, data.Test);
        }
        catch (TrainingDivergedException fault)
        {
            metrics.DivergedAt = (int)fault.Step;
        }
    }

    private sealed class Recorder(RunMetrics metrics) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress state)
        {
            var step = (int)state.Step;
            metrics[Metric.TrainLoss, step] = (float)state.Loss;
            if (state.Evaluation is not { } evaluation) return;
            metrics[Metric.TestLoss, step] = (float)evaluation.Loss;
            metrics[Metric.TestAccuracy, step] = (float)evaluation.Accuracy;
        }
    }
}
