using System.Text.Json.Serialization;

namespace Focus;

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
