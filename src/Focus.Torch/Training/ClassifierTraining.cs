using System.Diagnostics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The outcome of a training run.</summary>
/// <param name="Steps">Steps taken; fewer than asked for where the run was cancelled.</param>
/// <param name="Loss">The mean loss of the last step's batch, or NaN where no step was taken.</param>
/// <param name="Cancelled">Whether the run was cancelled.</param>
/// <param name="Evaluation">The evaluation after the last step, where there is an evaluation set.</param>
public readonly record struct TrainingResult(long Steps, double Loss, bool Cancelled, ClassifierEvaluation? Evaluation);

/// <summary>Trains a classifier by minimising the cross-entropy of shuffled batches.</summary>
public sealed class ClassifierTraining
{
    private readonly nn.Module<Tensor, Tensor> model;
    private readonly Func<IEnumerable<ParameterGroup>> groups;
    private readonly TrainingOptions options;

    /// <summary>Prepares a run.</summary>
    /// <param name="model">From batch × width to logits, batch × classes.</param>
    /// <param name="groups">Gives the model's parameters in groups, which say what decays; called once the model is on its device.</param>
    /// <param name="options">The run's settings.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public ClassifierTraining(nn.Module<Tensor, Tensor> model, Func<IEnumerable<ParameterGroup>> groups, TrainingOptions options)
    {
        options.Validate();
        (this.model, this.groups, this.options) = (model, groups, options);
    }

    /// <summary>Trains the model, which ends in evaluation mode on the options' device.</summary>
    /// <param name="train">The rows to learn from; moved to the device.</param>
    /// <param name="evaluation">The rows to evaluate on, or null; moved to the device.</param>
    /// <exception cref="ArgumentException">The batch is larger than the data, or the schedule longer than the run.</exception>
    /// <exception cref="TrainingDivergedException">The training loss, the parameters or the loss after the last step turned NaN or infinite;
    /// evaluations on the way are reported as they are.</exception>
    public TrainingResult Run(ClassificationData train, ClassificationData? evaluation = null)
    {
        var steps = options.StepsFor(train.Count);
        options.Schedule.Validate(steps);
        MoveToDevice(train, evaluation);
        using var optimizer = options.Optimizer.CreateOptimizer(groups());
        var batches = new ShuffledBatches(train.Count, options.BatchSize, options.Seed ?? 0);
        var clock = Stopwatch.StartNew();
        var result = new TrainingResult(0, double.NaN, Cancelled: false, Evaluation: null);
        model.train();
        while (result.Steps < steps && !options.CancellationToken.IsCancellationRequested)
        {
            options.Schedule.Apply(optimizer, result.Steps, steps);
            var step = result.Steps + 1;
            var loss = Step(optimizer, train, batches.Next(), step);
            var due = evaluation is not null && (step == steps || (options.EvaluationInterval > 0 && step % options.EvaluationInterval == 0));
            result = new TrainingResult(step, loss, Cancelled: false, due ? ClassifierEvaluation.Of(model, evaluation!) : null);
            if (step == steps && result.Evaluation is { } last) RequireFinite(last.Loss, step);
            options.Progress?.Report(new TrainingProgress(
                step, steps, loss, optimizer.ParamGroups.First().LearningRate, clock.Elapsed, result.Evaluation));
        }
        model.eval();
        model.zero_grad();
        TorchRuntime.ReturnFreedMemory();
        RequireFiniteParameters(result.Steps);
        return result with { Cancelled = result.Steps < steps };
    }

    private void MoveToDevice(ClassificationData train, ClassificationData? evaluation)
    {
        var device = TorchDevice.Require(options.Device);
        model.to(device);
        train.MoveTo(device);
        evaluation?.MoveTo(device);
    }

    private double Step(OptimizerHelper optimizer, ClassificationData data, long[] rows, long step)
    {
        using var scope = NewDisposeScope();
        var indices = tensor(rows, device: data.Features.device);
        var logits = model.call(data.Features.index_select(0, indices));
        var loss = nn.functional.cross_entropy(logits, data.Labels.index_select(0, indices));
        var value = RequireFinite(loss.ToDouble(), step);
        model.zero_grad();
        loss.backward();
        optimizer.step();
        return value;
    }

    /// <summary>What the last update did to the parameters, no loss has told yet.</summary>
    private void RequireFiniteParameters(long step)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        RequireFinite(model.parameters().Sum(parameter => parameter.abs().sum().ToDouble()), step);
    }

    private static double RequireFinite(double loss, long step)
        => double.IsFinite(loss) ? loss : throw new TrainingDivergedException(step, loss);
}
