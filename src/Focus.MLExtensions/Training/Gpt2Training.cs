using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Pre-trains a GPT-2: random blocks of tokens, gradient accumulation, clipping, evaluations, checkpoints, metrics.</summary>
/// <remarks>
/// <para>Block number n of a run depends on the seed and n alone: runs with different optimizers, precisions or evaluation intervals see the
/// same data in the same order.</para>
/// <para>Dropout draws from torch's generator for the whole process, which each micro-batch seeds anew: two trainings with dropout at once do
/// not repeat.</para>
/// </remarks>
public sealed class Gpt2Training
{
    private readonly Gpt2 model;
    private readonly Gpt2TrainingOptions options;

    /// <summary>Prepares a run.</summary>
    /// <param name="model">The model to train, in float32.</param>
    /// <param name="options">The run's settings.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the model is not in float32.</exception>
    public Gpt2Training(Gpt2 model, Gpt2TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        RequireFloat32(model);
        (this.model, this.options) = (model, options);
    }

    /// <summary>Trains the model, which ends in evaluation mode on the options' device, whether the run succeeds or fails.</summary>
    /// <param name="train">The tokens to learn from: at least one more than the model's block size.</param>
    /// <param name="validation">The tokens to validate with, as many at least, or null.</param>
    /// <returns>The outcome. After a cancellation it is that of the steps taken so far, and the model is as they left it.</returns>
    /// <exception cref="NotSupportedException">There is a checkpoint folder, and the optimizer is one of TorchSharp's, whose state
    /// checkpoints do not keep.</exception>
    /// <exception cref="ArgumentException">There are too few tokens, or the checkpoint folder holds another run.</exception>
    /// <exception cref="InvalidDataException">A token is not in the vocabulary, or the checkpoint to resume from is damaged.</exception>
    /// <exception cref="TrainingDivergedException">The loss turned NaN or infinite; the last checkpoint stays as it is.</exception>
    /// <exception cref="IOException">A checkpoint or metrics cannot be written.</exception>
    /// <exception cref="RankFailedException">Any of this happened on another rank of a job.</exception>
    public Gpt2TrainingResult Run(TokenSource train, TokenSource? validation = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        var ranks = options.Distributed ?? Communicator.Alone;
        ranks.Together(() => { model.to(TorchDevice.Require(options.OfRank(ranks).Device)); });
        using var _ = new SmallWork((long)options.BatchSize * model.Config.BlockSize * model.Config.ParameterCount);
        try
        {
            using var run = new Gpt2Run(model, options, train, validation);
            return run.Complete();
        }
        finally
        {
            model.eval();
            model.zero_grad();
            TorchRuntime.ReturnFreedMemory();
        }
    }

    private static void RequireFloat32(Gpt2 model)
    {
        if (model.parameters().FirstOrDefault(parameter => parameter.dtype != ScalarType.Float32) is { } other)
            throw new ArgumentException(
                $"The model is in {other.dtype}; expected Float32, which its weights are kept in. To compute in a shorter type, set " +
                $"{nameof(Gpt2TrainingOptions)}.{nameof(Gpt2TrainingOptions.Precision)}.", nameof(model));
    }
}

/// <summary>The outcome of a GPT-2 training run.</summary>
/// <param name="Steps">Steps taken, those before the run was resumed included; fewer than asked for where it was cancelled.</param>
/// <param name="Loss">The mean loss of the last step's micro-batches before its update, in nats per token, or NaN where no step was
/// taken.</param>
/// <param name="Cancelled">Whether the run was cancelled.</param>
/// <param name="Evaluation">The evaluation after the last step, or null where the run was cancelled first.</param>
/// <param name="BestValidationLoss">The lowest validation loss of all evaluations, or null where there was none.</param>
/// <param name="ClippedSteps">How many steps' gradients were clipped.</param>
/// <param name="SkippedSteps">How many steps were skipped because gradients overflowed in float16.</param>
public sealed record Gpt2TrainingResult(
    long Steps, double Loss, bool Cancelled, Gpt2Evaluation? Evaluation, double? BestValidationLoss, long ClippedSteps, long SkippedSteps);

/// <summary>A run: takes the steps, and after each does what is due.</summary>
internal sealed class Gpt2Run : IDisposable
{
    /// <summary>What torch's own clipping adds to the norm.</summary>
    private const double NormEpsilon = 1e-6;

    private readonly Gpt2 model;
    private readonly Gpt2TrainingOptions options;
    private readonly Communicator ranks;
    private readonly DataParallel parallel;
    private readonly TokenBatches trainBatches, trainEvaluation;
    private readonly TokenBatches? validationEvaluation;
    private readonly OptimizerHelper optimizer;
    private readonly WorkingModel working;
    private readonly LossScaler scaler;
    private readonly CurvatureEstimation curvature;
    private readonly CheckpointFolder? checkpoints;
    private readonly Gpt2Metrics metrics;
    private readonly TimeSpan elapsedBefore;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private Gpt2RunState state = new();
    private long savedStep;

    /// <summary>Prepares the run's first step, or the one after the checkpoint to resume from.</summary>
    public Gpt2Run(Gpt2 model, Gpt2TrainingOptions options, TokenSource train, TokenSource? validation)
    {
        ranks = options.Distributed ?? Communicator.Alone;
        (this.model, this.options) = (model, options.OfRank(ranks));
        (trainBatches, trainEvaluation, validationEvaluation) = ranks.Together(() => (
            Batches(train, RandomPurpose.TrainingBatches), Batches(train, RandomPurpose.TrainingEvaluation),
            validation is null ? null : Batches(validation, RandomPurpose.ValidationEvaluation)));
        scaler = new LossScaler(dynamic: options.Precision == TrainingPrecision.Float16);
        try
        {
            parallel = new DataParallel(model, ranks, ranks.Size == 1 ? null : RunSettings.OfJob(model.Config, options, train, validation));
            optimizer = options.Optimizer.CreateOptimizer(model.ParameterGroups());
            working = new WorkingModel(model, options.Precision);
            curvature = new CurvatureEstimation(optimizer, [.. model.parameters()], [], options.Seed ?? 0, ranks.Rank);
            checkpoints = ranks.Together(() => this.options.CheckpointFolder is { } folder
                ? new CheckpointFolder(folder, model, optimizer, RunSettings.Of(model.Config, options, train.Count)) : null);
            if (options.CheckpointFolder is not null) Resume();
            elapsedBefore = state.Elapsed;
            savedStep = LacksEvaluation ? state.Step - 1 : state.Step; // What was saved and reported without it is so again.
            metrics = ranks.Together(() => new Gpt2Metrics(model, this.options, savedStep));
            checkpoints?.DeleteLeftovers();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public Gpt2TrainingResult Complete()
    {
        if (LacksEvaluation) RepeatFinish();
        while (state.Step < options.MaxSteps)
        {
            options.Schedule.Apply(optimizer, state.Step, options.MaxSteps);
            var started = clock.Elapsed;
            if (TakeStep() is not { } outcome) break;
            state = state.After(outcome, clock.Elapsed - started, scaler.State);
            FinishStep(outcome);
        }
        if (state.Step > savedStep) ranks.Together(Save); // A cancelled run's last steps are kept, too.
        (optimizer as IAveragingOptimizer)?.ToAverage(); // The weights to keep.
        return new Gpt2TrainingResult(
            state.Step, state.Outcome?.Loss ?? double.NaN, Cancelled: state.Evaluation is null || state.Step < options.MaxSteps,
            state.Evaluation, state.BestValidationLoss, state.ClippedSteps, state.SkippedSteps);
    }

    public void Dispose()
    {
        // A constructor that throws has made only some of them.
        metrics?.Dispose();
        working?.Dispose();
        optimizer?.Dispose();
        parallel?.Dispose();
        checkpoints?.Dispose();
    }

    /// <summary>Whether an evaluation is due after the last step but missing, as after a cancellation.</summary>
    private bool LacksEvaluation => state is { Outcome: not null, Evaluation: null } && IsDue(options.EvaluationInterval);

    /// <summary>The first micro-batch of the step that is being taken.</summary>
    private long FirstMicroBatch => state.Step * options.AccumulationSteps;

    private IEnumerable<Tensor> Gradients => model.parameters().Select(parameter => parameter.grad).OfType<Tensor>();

    private TokenBatches Batches(TokenSource source, RandomPurpose purpose) => new(source, purpose, model.Config, options, ranks.Rank);

    private void Resume()
    {
        ranks.Together(() =>
        {
            if (!options.Resume) checkpoints?.RequireEmpty();
            else if (checkpoints?.LoadNewest(options) is { } saved) state = saved;
        });
        if (ranks.Size > 1) TakeStateOfRank0();
        scaler.State = state.LossScaler;
        working.Refresh();
    }

    /// <summary>Only rank 0 needs to reach the checkpoints.</summary>
    private void TakeStateOfRank0()
    {
        state = JsonSerializer.Deserialize<Gpt2RunState>(ranks.Broadcast(JsonSerializer.Serialize(state)))!;
        if (state.Step == 0) return;
        using var average = new AverageScope(optimizer);
        new RunTensors(model, optimizer).Broadcast(ranks);
    }

    /// <summary>Takes one optimizer step, unless its gradients overflow in float16: gradients of the micro-batches, clipping, update.</summary>
    /// <returns>The outcome, or null where the run was cancelled before the update: a resumed run repeats the step from its data's numbers.</returns>
    private Gpt2StepOutcome? TakeStep()
    {
        using var scope = NewDisposeScope();
        var (step, scale) = (state.Step + 1, scaler.Scale);
        working.Model.train();
        parallel.ZeroGradients();
        var sums = new double[2];
        ranks.Together(() => (sums[0], sums[1]) = AddMicroBatches() is { } own ? (own, 0) : (0, 1), sums);
        var (loss, cancelled) = (sums[0] / (options.AccumulationSteps * ranks.Size), sums[1] > 0);
        if (cancelled) return null;
        if (!double.IsFinite(loss)) throw new TrainingDivergedException(step, loss);
        parallel.AverageGradients();
        var norm = GlobalNorm.Of(Gradients) / scale;
        if (!double.IsFinite(norm))
        {
            if (!scaler.TryBackOff()) throw TrainingDivergedException.OfNorm(step, loss, "gradient norm");
            return new Gpt2StepOutcome(loss, GradientNorm: null, Clipped: false, scale);
        }
        var clipping = Math.Min(1, (options.ClipNorm ?? double.PositiveInfinity) / (norm + NormEpsilon));
        ScaleGradients(clipping / scale);
        curvature.BeforeStep(step, AddStepGradients, clipping);
        optimizer.step();
        working.Refresh();
        curvature.AfterStep(step, AddSampledGradients);
        scaler.Accept();
        return new Gpt2StepOutcome(loss, norm, clipping < 1, scale);
    }

    /// <summary>Adds the gradients of the step's micro-batches, and returns the sum of their losses, or null where the run was cancelled.</summary>
    private double? AddMicroBatches()
    {
        var loss = 0.0;
        for (var micro = 0; micro < options.AccumulationSteps; micro++)
        {
            if (options.CancellationToken.IsCancellationRequested) return null;
            loss += AddGradients(FirstMicroBatch + micro);
        }
        return loss;
    }

    /// <summary>Adds the gradients of one micro-batch's share of the scaled mean loss, and returns its loss.</summary>
    private double AddGradients(long number)
    {
        using var scope = NewDisposeScope();
        // What is dropped depends on the micro-batch and the rank alone, so that a resumed run repeats it.
        var draw = number * ranks.Size + ranks.Rank;
        if (model.Config.Dropout > 0) manual_seed((long)new RandomStream(options.Seed ?? 0, RandomPurpose.Dropout, draw).Next());
        var (tokens, targets) = trainBatches.At(number);
        var loss = working.Model.LossOfChecked(tokens, targets, scaler.Scale).to(ScalarType.Float32);
        loss.mul(LiveScalar.Of(scaler.Scale / options.AccumulationSteps)).backward();
        working.CollectGradients();
        return loss.ToDouble();
    }

    /// <summary>Adds the gradients of the step's mean loss, at whatever weights the model has.</summary>
    private void AddStepGradients()
    {
        working.Refresh();
        ranks.Together(() =>
        {
            for (var micro = 0; micro < options.AccumulationSteps; micro++) AddGradients(FirstMicroBatch + micro);
        });
        parallel.AverageGradients();
        ScaleGradients(1 / scaler.Scale);
    }

    /// <summary>Adds the gradients of the step's first micro-batch with targets that are drawn from the model's own output.</summary>
    private void AddSampledGradients()
    {
        using var scope = NewDisposeScope();
        ranks.Together(() =>
        {
            var (tokens, _) = trainBatches.At(FirstMicroBatch);
            var loss = working.Model.LossOfChecked(tokens, working.Model.SampleTargets(tokens), scaler.Scale).to(ScalarType.Float32);
            loss.mul(LiveScalar.Of(scaler.Scale)).backward();
            working.CollectGradients();
        });
        parallel.AverageGradients();
        ScaleGradients(1 / scaler.Scale);
    }

    private void ScaleGradients(double factor)
    {
        if (factor == 1) return;
        using var _ = no_grad();
        foreach (var gradient in Gradients) gradient.mul_(LiveScalar.Of(factor));
    }

    /// <summary>Does what is due after the last step before the run was resumed.</summary>
    private void RepeatFinish()
    {
        options.Schedule.Apply(optimizer, state.Step - 1, options.MaxSteps);
        FinishStep(state.Outcome!.Value);
    }

    /// <summary>Does what is due after a step: evaluation, metrics, checkpoints.</summary>
    private void FinishStep(Gpt2StepOutcome outcome)
    {
        if (IsDue(options.EvaluationInterval)) state = state.With(Evaluate());
        state = state with { Elapsed = elapsedBefore + clock.Elapsed };
        ranks.Together(() =>
        {
            metrics.Write(state, outcome, optimizer.ParamGroups.First().LearningRate, scaler.IsDynamic);
            if (state.IsBest) checkpoints?.SaveBest(state);
            if (IsDue(options.CheckpointInterval)) Save();
        });
    }

    /// <summary>Whether something is due that happens at intervals and after the last step.</summary>
    private bool IsDue(long interval) => state.Step == options.MaxSteps || (interval > 0 && state.Step % interval == 0);

    /// <summary>Measures the model on random batches of the training and the validation data.</summary>
    /// <returns>The evaluation, or null where the run was cancelled meanwhile.</returns>
    private Gpt2Evaluation? Evaluate()
    {
        try
        {
            using var average = new AverageScope(optimizer);
            working.Refresh();
            return EvaluateWorkingModel();
        }
        finally
        {
            working.Refresh();
        }
    }

    private Gpt2Evaluation? EvaluateWorkingModel()
    {
        working.Model.eval();
        using var _ = no_grad();
        var sums = new double[3];
        ranks.Together(() =>
        {
            var (train, validation) = (SumOfLosses(trainEvaluation), validationEvaluation is null ? 0 : SumOfLosses(validationEvaluation));
            (sums[0], sums[1], sums[2]) = (train ?? 0, validation ?? 0, train is null || validation is null ? 1 : 0);
        }, sums);
        var (trainSum, validationSum, isCancelled) = (sums[0], sums[1], sums[2] > 0);
        if (isCancelled) return null;
        var trainLoss = MeanLoss(trainSum);
        double? validationLoss = validationEvaluation is null ? null : MeanLoss(validationSum);
        var momenta = (optimizer as SettingsOptimizer)?.Momenta().ToArray() ?? [];
        return new Gpt2Evaluation(
            trainLoss, validationLoss, GlobalNorm.OfFinite(model.parameters(), state.Step, trainLoss), momenta.Length > 0 ? GlobalNorm.Of(momenta) : null);
    }

    /// <summary>The sum of the losses of an evaluation's batches, or null where the run was cancelled meanwhile.</summary>
    private double? SumOfLosses(TokenBatches batches)
    {
        var sum = 0.0;
        for (var i = 0; i < options.EvaluationBatches; i++)
        {
            if (options.CancellationToken.IsCancellationRequested) return null;
            using var scope = NewDisposeScope();
            var (tokens, targets) = batches.At(state.Step * options.EvaluationBatches + i);
            sum += working.Model.LossOfChecked(tokens, targets).ToDouble();
        }
        return sum;
    }

    private double MeanLoss(double sumOfRanks)
    {
        var mean = sumOfRanks / ((double)options.EvaluationBatches * ranks.Size);
        return double.IsFinite(mean) ? mean : throw new TrainingDivergedException(state.Step, mean);
    }

    private void Save()
    {
        savedStep = state.Step;
        if (checkpoints is null) return;
        GlobalNorm.OfFinite(model.parameters(), state.Step, state.Outcome!.Value.Loss);
        checkpoints.Save(state, options.CheckpointsKept);
    }
}

/// <summary>The outcome of a step.</summary>
/// <param name="Loss">The mean loss of its micro-batches, before the update.</param>
/// <param name="GradientNorm">The gradients' global norm before clipping, or null where they overflowed and the step was skipped.</param>
/// <param name="Clipped">Whether they were clipped.</param>
/// <param name="LossScale">The factor of its loss.</param>
internal readonly record struct Gpt2StepOutcome(double Loss, double? GradientNorm, bool Clipped, double LossScale);

/// <summary>The state of a run besides weights and optimizer state, which a checkpoint keeps as text.</summary>
internal sealed record Gpt2RunState
{
    public long Step { get; init; }

    /// <summary>The outcome of the last step, or null before the first.</summary>
    public Gpt2StepOutcome? Outcome { get; init; }

    public TimeSpan Duration { get; init; }
    public long ClippedSteps { get; init; }
    public long SkippedSteps { get; init; }
    public LossScalerState? LossScaler { get; init; }

    /// <summary>The evaluation after the last step, where there was one.</summary>
    public Gpt2Evaluation? Evaluation { get; init; }

    public double? BestValidationLoss { get; init; }

    /// <summary>The settings that were changed when the run was resumed.</summary>
    public IReadOnlyList<SettingChange> Changes { get; init; } = [];

    public TimeSpan Elapsed { get; init; }

    /// <summary>Whether the evaluation after the last step is the best so far.</summary>
    [JsonIgnore]
    public bool IsBest => Evaluation?.ValidationLoss is { } loss && loss == BestValidationLoss;

    public Gpt2RunState With(Gpt2Evaluation? evaluation) => this with
    {
        Evaluation = evaluation,
        BestValidationLoss = evaluation?.ValidationLoss is { } loss && !(loss >= BestValidationLoss) ? loss : BestValidationLoss,
    };

    public Gpt2RunState After(Gpt2StepOutcome outcome, TimeSpan duration, LossScalerState? scaler) => this with
    {
        Step = Step + 1,
        Outcome = outcome,
        Duration = duration,
        ClippedSteps = ClippedSteps + (outcome.Clipped ? 1 : 0),
        SkippedSteps = SkippedSteps + (outcome.GradientNorm is null ? 1 : 0),
        LossScaler = scaler,
        Evaluation = null,
    };
}
