using System.Diagnostics;
using TorchSharp.Modules;

namespace Focus;

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
