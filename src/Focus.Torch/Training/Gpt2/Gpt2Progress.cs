namespace Focus;

/// <summary>The state of a GPT-2 training run after a step.</summary>
public sealed record Gpt2Progress
{
    /// <summary>The number of steps taken, ≥ 1.</summary>
    public required long Step { get; init; }

    /// <summary>The length of the run in steps.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>The mean loss of the step's micro-batches before the update, in nats per token.</summary>
    public required double Loss { get; init; }

    /// <summary>The learning rate of the step (of the first parameter group).</summary>
    public required double LearningRate { get; init; }

    /// <summary>The global norm of the gradients before clipping, or null where they overflowed in float16 and the step was
    /// skipped.</summary>
    public required double? GradientNorm { get; init; }

    /// <summary>The share of the steps so far whose gradients were clipped, in [0, 1].</summary>
    public required double ClippedShare { get; init; }

    /// <summary>How many steps so far were skipped because gradients overflowed in float16.</summary>
    public required long SkippedSteps { get; init; }

    /// <summary>The factor of the step's loss in float16; null otherwise.</summary>
    public required double? LossScale { get; init; }

    /// <summary>The tokens that the step took per second, evaluations and checkpoints not counted.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>The share of <see cref="Gpt2TrainingOptions.PeakFlops"/> that the model's own operations make up (MFU); null where no peak is
    /// given.</summary>
    /// <remarks>A token takes 6·N + 12·L·H·Q·T operations forward and backward (Chowdhery et al. 2022, PaLM, appendix B), with N parameters
    /// without the position embedding, L layers, H heads of size Q and blocks of T tokens.</remarks>
    public required double? ModelFlopsUtilization { get; init; }

    /// <summary>The time since the run began, evaluations, checkpoints and the parts before it was resumed included.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The evaluation after the step, where there was one.</summary>
    public Gpt2Evaluation? Evaluation { get; init; }
}

/// <summary>What is measured every <see cref="TrainingRunOptions.EvaluationInterval"/> steps.</summary>
/// <param name="TrainLoss">The mean loss of random batches of the training data, in nats per token.</param>
/// <param name="ValidationLoss">The same of the validation data, where there is any.</param>
/// <param name="ParameterNorm">The Euclidean norm of all parameters.</param>
/// <param name="MomentumNorm">The Euclidean norm of the optimizer's momentum, which for all of this library's optimizers is the first tensor
/// of their state; null for another optimizer.</param>
public sealed record Gpt2Evaluation(double TrainLoss, double? ValidationLoss, double ParameterNorm, double? MomentumNorm);
