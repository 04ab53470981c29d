using System.Diagnostics;
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
    /// <exception cref="ArgumentException">There are too few tokens, or the checkpoint folder holds another run.</exception>
    /// <exception cref="InvalidDataException">A token is not in the vocabulary, or the checkpoint to resume from is damaged.</exception>
    /// <exception cref="TrainingDivergedException">The loss turned NaN or infinite; the last checkpoint stays as it is.</exception>
    /// <exception cref="IOException">A checkpoint or metrics cannot be written.</exception>
    public Gpt2TrainingResult Run(TokenSource train, TokenSource? validation = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        model.to(TorchDevice.Require(options.Device));
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

/// <summary>A run under way: takes the steps, and after each does what is due.</summary>
internal sealed class Gpt2Run : IDisposable
{
    private readonly Gpt2TrainingOptions options;
    private readonly OptimizerHelper optimizer;
    private readonly Gpt2Step step;
    private readonly Gpt2Evaluator evaluator;
    private readonly CheckpointFolder? checkpoints;
    private readonly Gpt2Metrics metrics;
    private readonly Gpt2Speed speed;
    private readonly TimeSpan elapsedBefore;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private Gpt2RunState state = new();
    private long savedStep;

    /// <summary>Prepares the run's first step, or the one after the checkpoint to resume from.</summary>
    public Gpt2Run(Gpt2 model, Gpt2TrainingOptions options, TokenSource train, TokenSource? validation)
    {
        this.options = options;
        try
        {
            optimizer = options.Optimizer.CreateOptimizer(model.ParameterGroups());
            step = new Gpt2Step(model, optimizer, train, options);
            evaluator = new Gpt2Evaluator(model, step.Working, optimizer, train, validation, options);
            if (options.CheckpointFolder is { } folder)
            {
                checkpoints = new CheckpointFolder(folder, model, optimizer, RunSettings.Of(model.Config, options, train.Count));
                Resume(checkpoints);
            }
            elapsedBefore = state.Elapsed;
            savedStep = LacksEvaluation ? state.Step - 1 : state.Step; // What was saved and reported without it is so again.
            speed = new Gpt2Speed(model, options);
            metrics = new Gpt2Metrics(options, savedStep);
            checkpoints?.DeleteLeftovers();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether an evaluation is due after the last step but missing, as where a cancellation cut it off.</summary>
    private bool LacksEvaluation => state is { Outcome: not null, Evaluation: null } && IsDue(options.EvaluationInterval);

    /// <summary>Takes all steps that remain.</summary>
    public Gpt2TrainingResult Complete()
    {
        if (LacksEvaluation) ConcludeAgain();
        while (state.Step < options.MaxSteps && !options.CancellationToken.IsCancellationRequested) Advance();
        if (state.Step > savedStep) Save(); // What a cancelled run has come to is kept, too.
        return new Gpt2TrainingResult(
            state.Step, state.Outcome?.Loss ?? double.NaN, Cancelled: state.Evaluation is null || state.Step < options.MaxSteps,
            state.Evaluation, state.BestValidationLoss, state.ClippedSteps, state.SkippedSteps);
    }

    public void Dispose()
    {
        // A constructor that throws has made some of them only.
        metrics?.Dispose();
        step?.Dispose();
        optimizer?.Dispose();
    }

    private void Resume(CheckpointFolder folder)
    {
        if (!options.Resume) folder.RequireEmpty();
        else if (folder.LoadNewest(options.MaxSteps) is { } saved)
        {
            state = saved;
            step.Scaler.State = state.LossScaler;
            step.Working.Refresh();
        }
    }

    private void Advance()
    {
        options.Schedule.Apply(optimizer, state.Step, options.MaxSteps);
        var started = clock.Elapsed;
        var outcome = step.Take(state.Step + 1);
        state = state.After(outcome, clock.Elapsed - started, step.Scaler.State);
        Conclude(outcome);
    }

    /// <summary>Does what is due after the last step before the run was resumed.</summary>
    private void ConcludeAgain()
    {
        options.Schedule.Apply(optimizer, state.Step - 1, options.MaxSteps);
        Conclude(state.Outcome!.Value);
    }

    private void Conclude(Gpt2StepOutcome outcome)
    {
        if (IsDue(options.EvaluationInterval)) state = state.With(evaluator.After(state.Step));
        state = state with { Elapsed = elapsedBefore + clock.Elapsed };
        metrics.Write(Progress(outcome));
        if (state.IsBest) checkpoints?.SaveBest(state);
        if (IsDue(options.CheckpointInterval)) Save();
    }

    /// <summary>Whether something is due that comes at intervals and after the last step.</summary>
    private bool IsDue(long interval) => state.Step == options.MaxSteps || (interval > 0 && state.Step % interval == 0);

    private void Save()
    {
        if (checkpoints is null) return;
        evaluator.RequireFiniteParameters(state.Step, state.Outcome!.Value.Loss);
        checkpoints.Save(state, options.CheckpointsKept);
        savedStep = state.Step;
    }

    private Gpt2Progress Progress(Gpt2StepOutcome outcome) => new()
    {
        Step = state.Step,
        TotalSteps = options.MaxSteps,
        Loss = outcome.Loss,
        LearningRate = optimizer.ParamGroups.First().LearningRate,
        GradientNorm = outcome.GradientNorm,
        ClippedShare = (double)state.ClippedSteps / state.Step,
        SkippedSteps = state.SkippedSteps,
        LossScale = step.Scaler.IsDynamic ? outcome.LossScale : null,
        TokensPerSecond = speed.TokensPerSecond(state.Duration),
        ModelFlopsUtilization = speed.Utilization(state.Duration),
        Elapsed = state.Elapsed,
        Evaluation = state.Evaluation,
    };
}

/// <summary>One optimizer step of a GPT-2 run: the micro-batches' gradients, their mean, clipping, update.</summary>
internal sealed class Gpt2Step : IDisposable
{
    /// <summary>What torch's own clipping adds to the norm.</summary>
    private const double NormEpsilon = 1e-6;

    private readonly Gpt2 model;
    private readonly OptimizerHelper optimizer;
    private readonly Gpt2TrainingOptions options;
    private readonly TokenBatches batches;

    public Gpt2Step(Gpt2 model, OptimizerHelper optimizer, TokenSource train, Gpt2TrainingOptions options)
    {
        (this.model, this.optimizer, this.options) = (model, optimizer, options);
        batches = new TokenBatches(train, RandomPurpose.TrainingBatches, model.Config, options);
        Scaler = new LossScaler(dynamic: options.Precision == TrainingPrecision.Float16);
        Working = new WorkingModel(model, options.Precision);
    }

    public LossScaler Scaler { get; }

    public WorkingModel Working { get; }

    /// <summary>Takes a step, counted from 1, unless its gradients overflow in float16.</summary>
    /// <exception cref="TrainingDivergedException">The loss is not finite, or the gradient is not where no loss scaling can help; the weights
    /// are as before the step.</exception>
    public Gpt2StepOutcome Take(long step)
    {
        using var scope = NewDisposeScope();
        var scale = Scaler.Scale;
        Working.Model.train();
        model.zero_grad();
        var loss = Enumerable.Range(0, options.AccumulationSteps).Sum(micro => AddGradients(step, micro)) / options.AccumulationSteps;
        if (!double.IsFinite(loss)) throw new TrainingDivergedException(step, loss);
        var norm = GlobalNorm.Of(Gradients) / scale;
        if (!double.IsFinite(norm))
        {
            if (!Scaler.TryBackOff()) throw TrainingDivergedException.OfNorm(step, loss, "gradient norm");
            return new Gpt2StepOutcome(loss, GradientNorm: null, Clipped: false, scale);
        }
        var clipping = Math.Min(1, (options.ClipNorm ?? double.PositiveInfinity) / (norm + NormEpsilon));
        ScaleGradients(clipping / scale);
        optimizer.step();
        Working.Refresh();
        Scaler.Accept();
        return new Gpt2StepOutcome(loss, norm, clipping < 1, scale);
    }

    public void Dispose() => Working.Dispose();

    private IEnumerable<Tensor> Gradients => model.parameters().Select(parameter => parameter.grad).OfType<Tensor>();

    /// <summary>Adds the gradients of one micro-batch's share of the scaled mean loss, and returns its loss.</summary>
    private double AddGradients(long step, int micro)
    {
        using var scope = NewDisposeScope();
        var number = (step - 1) * options.AccumulationSteps + micro;
        SeedDropout(number);
        var (tokens, targets) = batches.At(number);
        var loss = Working.Model.LossOfChecked(tokens, targets).to(ScalarType.Float32);
        loss.mul(LiveScalar.Of(Scaler.Scale / options.AccumulationSteps)).backward();
        Working.CollectGradients();
        return loss.ToDouble();
    }

    /// <summary>Has what a micro-batch drops out depend on its number alone.</summary>
    private void SeedDropout(long number)
    {
        if (model.Config.Dropout > 0) manual_seed((long)new RandomStream(options.Seed ?? 0, RandomPurpose.Dropout, number).Next());
    }

    private void ScaleGradients(double factor)
    {
        if (factor == 1) return;
        using var _ = no_grad();
        foreach (var gradient in Gradients) gradient.mul_(LiveScalar.Of(factor));
    }
}

/// <summary>What came of a step.</summary>
/// <param name="Loss">The mean loss of its micro-batches, before the update.</param>
/// <param name="GradientNorm">The gradients' global norm before clipping, or null where they overflowed and the step was skipped.</param>
/// <param name="Clipped">Whether they were clipped.</param>
/// <param name="LossScale">The factor of its loss.</param>
internal readonly record struct Gpt2StepOutcome(double Loss, double? GradientNorm, bool Clipped, double LossScale);

/// <summary>Measures a model on random batches of the training and the validation data.</summary>
internal sealed class Gpt2Evaluator(
    Gpt2 model, WorkingModel working, OptimizerHelper optimizer, TokenSource train, TokenSource? validation, Gpt2TrainingOptions options)
{
    private readonly TokenBatches trainBatches = new(train, RandomPurpose.TrainingEvaluation, model.Config, options);

    private readonly TokenBatches? validationBatches =
        validation is null ? null : new(validation, RandomPurpose.ValidationEvaluation, model.Config, options);

    /// <summary>Evaluates the model after a step.</summary>
    /// <returns>The evaluation, or null where the run was cancelled meanwhile.</returns>
    /// <exception cref="TrainingDivergedException">A loss or the parameters are not finite.</exception>
    public Gpt2Evaluation? After(long step)
    {
        working.Model.eval();
        using var _ = no_grad();
        if (MeanLoss(trainBatches, step) is not { } trainLoss) return null;
        double? validationLoss = null;
        if (validationBatches is not null && (validationLoss = MeanLoss(validationBatches, step)) is null) return null;
        var norm = RequireFiniteParameters(step, trainLoss);
        return new Gpt2Evaluation(trainLoss, validationLoss, norm, MomentumNorm());
    }

    /// <summary>The norm of the parameters.</summary>
    /// <exception cref="TrainingDivergedException">It is not finite.</exception>
    public double RequireFiniteParameters(long step, double loss)
    {
        var norm = GlobalNorm.Of(model.parameters());
        return double.IsFinite(norm) ? norm : throw TrainingDivergedException.OfNorm(step, loss, "parameters' norm");
    }

    private double? MeanLoss(TokenBatches batches, long step)
    {
        var sum = 0.0;
        for (var i = 0; i < options.EvaluationBatches; i++)
        {
            if (options.CancellationToken.IsCancellationRequested) return null;
            using var scope = NewDisposeScope();
            var (tokens, targets) = batches.At(step * options.EvaluationBatches + i);
            sum += working.Model.LossOfChecked(tokens, targets).ToDouble();
        }
        var mean = sum / options.EvaluationBatches;
        return double.IsFinite(mean) ? mean : throw new TrainingDivergedException(step, mean);
    }

    private double? MomentumNorm()
        => optimizer.state_dict().State.OfType<ElementwiseState>().Select(state => state.First).ToArray() is { Length: > 0 } momenta
            ? GlobalNorm.Of(momenta)
            : null;
}

/// <summary>What a run has come to besides weights and optimizer state: what a checkpoint keeps as text.</summary>
internal sealed record Gpt2RunState
{
    public long Step { get; init; }

    /// <summary>What came of the last step, or null before the first.</summary>
    public Gpt2StepOutcome? Outcome { get; init; }

    /// <summary>How long the last step took.</summary>
    public TimeSpan Duration { get; init; }

    public long ClippedSteps { get; init; }

    public long SkippedSteps { get; init; }

    public LossScalerState LossScaler { get; init; }

    /// <summary>The evaluation after the last step, where there was one.</summary>
    public Gpt2Evaluation? Evaluation { get; init; }

    public double? BestValidationLoss { get; init; }

    public TimeSpan Elapsed { get; init; }

    /// <summary>Whether the evaluation after the last step is the best so far.</summary>
    [JsonIgnore]
    public bool IsBest => Evaluation?.ValidationLoss is { } loss && loss == BestValidationLoss;

    /// <summary>The state with the evaluation after its last step.</summary>
    public Gpt2RunState With(Gpt2Evaluation? evaluation) => this with
    {
        Evaluation = evaluation,
        BestValidationLoss = evaluation?.ValidationLoss is { } loss && !(loss >= BestValidationLoss) ? loss : BestValidationLoss,
    };

    /// <summary>The state after one step more.</summary>
    public Gpt2RunState After(Gpt2StepOutcome outcome, TimeSpan duration, LossScalerState scaler) => this with
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

/// <summary>Batches of consecutive tokens that begin anywhere in a source, found by number.</summary>
internal sealed class TokenBatches
{
    private readonly TokenSource source;
    private readonly RandomPurpose purpose;
    private readonly int seed, sequences, blockSize, vocabularySize;
    private readonly Device device;

    /// <exception cref="ArgumentException">The source is shorter than a block and the token after it.</exception>
    public TokenBatches(TokenSource source, RandomPurpose purpose, Gpt2Config config, Gpt2TrainingOptions options)
    {
        (this.source, this.purpose) = (source, purpose);
        (seed, sequences) = (options.Seed ?? 0, options.BatchSize);
        (blockSize, vocabularySize) = (config.BlockSize, config.VocabularySize);
        device = TorchDevice.Require(options.Device);
        if (source.Count <= blockSize)
            throw new ArgumentException(
                $"{source.Name} holds {source.Count} tokens; a block size of {blockSize} needs at least {blockSize + 1L}: " +
                $"take more text or a smaller {nameof(Gpt2Config.BlockSize)}.");
    }

    /// <summary>A batch and, for each of its tokens, the one that follows: both sequences × time, int64.</summary>
    /// <exception cref="InvalidDataException">A token is not in the vocabulary.</exception>
    public (Tensor Tokens, Tensor Targets) At(long number)
    {
        var random = new RandomStream(seed, purpose, number);
        var tokens = new long[sequences * blockSize];
        var targets = new long[tokens.Length];
        var block = new int[blockSize + 1];
        for (var sequence = 0; sequence < sequences; sequence++)
        {
            var start = random.Next(source.Count - blockSize);
            source.Read(start, block, vocabularySize);
            for (var i = 0; i < blockSize; i++)
                (tokens[sequence * blockSize + i], targets[sequence * blockSize + i]) = (block[i], block[i + 1]);
        }
        return (ToTensor(tokens), ToTensor(targets));
    }

    private Tensor ToTensor(long[] tokens) => tensor(tokens, [sequences, blockSize], device: device);
}
