namespace Focus;

/// <summary>The state of a training run after a step.</summary>
/// <param name="Step">The number of steps taken, ≥ 1.</param>
/// <param name="TotalSteps">The length of the run in steps.</param>
/// <param name="Loss">The mean loss of the step's batch, before the update.</param>
/// <param name="LearningRate">The learning rate of the step (of the first parameter group).</param>
/// <param name="Elapsed">The time since the run began, evaluations included.</param>
/// <param name="Evaluation">The evaluation after the step, where there was one.</param>
public readonly record struct TrainingProgress(
    long Step, long TotalSteps, double Loss, double LearningRate, TimeSpan Elapsed, ClassifierEvaluation? Evaluation);
