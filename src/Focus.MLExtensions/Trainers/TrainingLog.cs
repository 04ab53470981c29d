using Microsoft.ML.Runtime;
using static System.FormattableString;

namespace Focus;

/// <summary>Hands progress on, and writes some of it to a channel of ML.NET: every evaluation, every tenth of the run, and the
/// end.</summary>
internal sealed class TrainingLog(IChannel channel, IProgress<TrainingProgress>? next) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        next?.Report(value);
        if (value.Evaluation is not null || EndsTenth(value.Step, value.TotalSteps)) channel.Info(MessageSensitivity.None, "{0}", Message(value));
    }

    /// <summary>Whether a step is the last of a tenth of a run.</summary>
    public static bool EndsTenth(long step, long totalSteps) => step * 10 / totalSteps > (step - 1) * 10 / totalSteps;

    /// <summary>A duration without fractions of a second.</summary>
    public static string WholeSeconds(TimeSpan duration) => Invariant($"{TimeSpan.FromSeconds(Math.Round(duration.TotalSeconds)):g}");

    private static string Message(TrainingProgress progress)
    {
        var evaluation = progress.Evaluation is { } result ? Invariant($", evaluation loss {result.Loss:g5}, accuracy {result.Accuracy:p2}") : "";
        return Invariant($"Step {progress.Step} of {progress.TotalSteps}: loss {progress.Loss:g5}{evaluation}, ") +
            Invariant($"learning rate {progress.LearningRate:g3}, {WholeSeconds(progress.Elapsed)}");
    }
}
