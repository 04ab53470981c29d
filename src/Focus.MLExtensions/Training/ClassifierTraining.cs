using System.Diagnostics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The outcome of a training run.</summary>
/// <param name="Steps">Steps taken; fewer than asked for where the run was cancelled.</param>
/// <param name="Loss">The mean loss of the last step's batch in nats per row, or NaN where no step was taken.</param>
/// <param name="Cancelled">Whether the run was cancelled, be it in the last evaluation.</param>
/// <param name="Evaluation">The evaluation after the last step, where there is an evaluation set and the run was not cancelled before.</param>
public readonly record struct TrainingResult(long Steps, double Loss, bool Cancelled, ClassifierEvaluation? Evaluation);

/// <summary>Trains a classifier by minimising the cross-entropy of shuffled batches, weighted where the data have weights.</summary>
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
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(groups);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (this.model, this.groups, this.options) = (model, groups, options);
    }

    /// <summary>Trains the model, which ends in evaluation mode on the options' device, whether the run succeeds or fails.</summary>
    /// <param name="train">The rows to learn from; moved to the device.</param>
    /// <param name="evaluation">The rows to evaluate on, or null; moved to the device.</param>
    /// <returns>The outcome. After a cancellation it is that of the steps taken so far, and the model is as they left it.</returns>
    /// <exception cref="ArgumentException">The batch is larger than the data, the schedule longer than the run, or a label none of the
    /// model's classes.</exception>
    /// <exception cref="TrainingDivergedException">The training loss, the parameters or the loss after the last step turned NaN or infinite;
    /// evaluations on the way are reported as they are.</exception>
    public TrainingResult Run(ClassificationData train, ClassificationData? evaluation = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        var steps = options.StepsFor(train.Count);
        options.Schedule.Validate(steps);
        MoveToDevice(train, evaluation);
        using var _ = new SmallWork(options.BatchSize * model.parameters().Sum(parameter => parameter.numel()));
        try
        {
            return TakeSteps(steps, train, evaluation);
        }
        finally
        {
            model.eval();
            model.zero_grad();
            TorchRuntime.ReturnFreedMemory();
        }
    }

    private TrainingResult TakeSteps(long steps, ClassificationData train, ClassificationData? evaluation)
    {
        using var optimizer = options.Optimizer.CreateOptimizer(groups());
        var curvature = new CurvatureEstimation(optimizer, [.. model.parameters()], [.. model.buffers()], options.Seed ?? 0);
        var batches = new ShuffledBatches(train.Count, options.BatchSize, options.Seed ?? 0);
        var clock = Stopwatch.StartNew();
        var result = new TrainingResult(0, double.NaN, Cancelled: false, Evaluation: null);
        while (result.Steps < steps && !options.CancellationToken.IsCancellationRequested)
        {
            options.Schedule.Apply(optimizer, result.Steps, steps);
            var step = result.Steps + 1;
            model.train();
            var loss = Step(optimizer, curvature, train, batches.Next(), step);
            var due = evaluation is not null && (step == steps || (options.EvaluationInterval > 0 && step % options.EvaluationInterval == 0));
            result = new TrainingResult(step, loss, Cancelled: false, due ? Evaluate(optimizer, evaluation!) : null);
            if (step == steps && result.Evaluation is { } last) RequireFinite(last.Loss, step);
            options.Progress?.Report(new TrainingProgress(
                step, steps, loss, optimizer.ParamGroups.First().LearningRate, clock.Elapsed, result.Evaluation));
        }
        (optimizer as IAveragingOptimizer)?.ToAverage(); // The weights to keep.
        GlobalNorm.OfFinite(model.parameters(), result.Steps, result.Loss); // What the last update did to them, no loss has told yet.
        return result with { Cancelled = result.Steps < steps || (evaluation is not null && result.Evaluation is null) };
    }

    private ClassifierEvaluation? Evaluate(OptimizerHelper optimizer, ClassificationData evaluation)
    {
        using var average = new AverageScope(optimizer);
        return ClassifierEvaluation.Of(model, evaluation, options.CancellationToken);
    }

    private void MoveToDevice(ClassificationData train, ClassificationData? evaluation)
    {
        var device = TorchDevice.Require(options.Device);
        model.to(device);
        train.MoveTo(device);
        evaluation?.MoveTo(device);
    }

    private double Step(OptimizerHelper optimizer, CurvatureEstimation curvature, ClassificationData data, long[] rows, long step)
    {
        using var scope = NewDisposeScope();
        var batch = data.Batch(rows);
        curvature.SeedPass(step);
        var output = model.call(batch.Features);
        data.RequireClasses(output.shape[1]);
        var loss = batch.MeanLoss(output, batch.Labels);
        var value = RequireFinite(loss.ToDouble(), step);
        model.zero_grad();
        loss.backward();
        curvature.BeforeStep(step, () => batch.MeanLoss(model.call(batch.Features), batch.Labels).backward());
        optimizer.step();
        curvature.AfterStep(step, () =>
        {
            var logits = model.call(batch.Features);
            batch.MeanLoss(logits, logits.detach().softmax(1).multinomial(1).squeeze(1)).backward();
        });
        return value;
    }

    private static double RequireFinite(double loss, long step)
        => double.IsFinite(loss) ? loss : throw new TrainingDivergedException(step, loss);
}

/// <summary>How well a classifier does on a data set.</summary>
/// <param name="Loss">The mean cross-entropy, in nats.</param>
/// <param name="Accuracy">The share of rows whose largest logit is the label's, in [0, 1].</param>
/// <remarks>Both are weighted where the data have weights.</remarks>
public readonly record struct ClassifierEvaluation(double Loss, double Accuracy)
{
    /// <summary>The most rows per forward pass, as in the paper, and the most features, 64 MiB of them.</summary>
    private const int BatchSize = 8192, BatchFeatures = 1 << 24;

    /// <summary>Evaluates a model in evaluation mode, and leaves it in the mode it was in.</summary>
    /// <param name="model">From rows × width to logits, rows × classes; on the data's device.</param>
    /// <param name="data">At least one row.</param>
    /// <exception cref="ArgumentException">A label is none of the model's classes.</exception>
    public static ClassifierEvaluation Of(nn.Module<Tensor, Tensor> model, ClassificationData data) => Of(model, data, CancellationToken.None)!.Value;

    /// <summary>The same, or null where it is cancelled on the way.</summary>
    internal static ClassifierEvaluation? Of(nn.Module<Tensor, Tensor> model, ClassificationData data, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        var wasTraining = model.training;
        model.eval();
        using var _ = no_grad();
        var rows = Math.Clamp(BatchFeatures / data.Features.Width, 1, BatchSize);
        double loss = 0, correct = 0, weight = 0;
        for (var start = 0L; start < data.Count && !cancellation.IsCancellationRequested; start += rows)
        {
            using var scope = NewDisposeScope();
            var batch = data.Batch(start, Math.Min(rows, data.Count - start));
            var logits = model.call(batch.Features);
            data.RequireClasses(logits.shape[1]);
            loss += batch.Sum(nn.functional.cross_entropy(logits, batch.Labels, reduction: nn.Reduction.None));
            correct += batch.Sum(logits.argmax(1).eq(batch.Labels));
            weight += batch.TotalWeight;
        }
        model.train(wasTraining);
        return cancellation.IsCancellationRequested ? null : new ClassifierEvaluation(loss / weight, correct / weight);
    }
}

/// <summary>The state of a training run after a step.</summary>
/// <param name="Step">The number of steps taken, ≥ 1.</param>
/// <param name="TotalSteps">The length of the run in steps.</param>
/// <param name="Loss">The mean loss of the step's batch before the update, in nats per row.</param>
/// <param name="LearningRate">The learning rate of the step (of the first parameter group).</param>
/// <param name="Elapsed">The time since the run began, evaluations included.</param>
/// <param name="Evaluation">The evaluation after the step, where there was one.</param>
public readonly record struct TrainingProgress(
    long Step, long TotalSteps, double Loss, double LearningRate, TimeSpan Elapsed, ClassifierEvaluation? Evaluation);

/// <summary>Endless batches of row numbers, shuffled anew at each pass over the data; rows that do not fill a pass's last batch are left
/// out of it.</summary>
internal sealed class ShuffledBatches
{
    private readonly Random random;
    private readonly long[] order;
    private readonly long[] batch;
    private int next;

    public ShuffledBatches(long rows, int batchSize, int seed)
    {
        random = new Random(seed);
        order = new long[rows];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        batch = new long[batchSize];
        next = order.Length;
    }

    /// <summary>The next batch; the array is reused by the next call.</summary>
    public long[] Next()
    {
        if (next + batch.Length > order.Length)
        {
            random.Shuffle(order);
            next = 0;
        }
        Array.Copy(order, next, batch, 0, batch.Length);
        next += batch.Length;
        return batch;
    }
}
