using Microsoft.ML.Runtime;
using static System.FormattableString;

namespace Focus;

/// <summary>Passes a training's progress on, and logs every evaluation and the last step of each tenth of the run.</summary>
/// <param name="channel">Where to log.</param>
/// <param name="next">Who else is told of every step, or null.</param>
/// <param name="placeOf">How far a step is in the run, and whether it was evaluated.</param>
/// <param name="measuresOf">What was measured, as a text.</param>
internal sealed class TrainingLog<T>(
    IChannel channel, IProgress<T>? next, Func<T, (long Step, long TotalSteps, TimeSpan Elapsed, bool IsEvaluated)> placeOf,
    Func<T, string> measuresOf) : IProgress<T>
{
    public void Report(T value)
    {
        next?.Report(value);
        var (step, total, elapsed, isEvaluated) = placeOf(value);
        if (!isEvaluated && step * 10 / total == (step - 1) * 10 / total) return;
        var seconds = TimeSpan.FromSeconds(Math.Round(elapsed.TotalSeconds));
        channel.Info(MessageSensitivity.None, "{0}", Invariant($"Step {step} of {total}: {measuresOf(value)}, {seconds:g}"));
    }

    public void WarnOfCancellation(long steps)
        => channel.Warning(MessageSensitivity.None, "{0}", $"Training was cancelled after {steps} steps; the model is as trained so far.");
}

/// <summary>Logs the settings that a run is resumed with in place of others.</summary>
internal sealed class ChangeLog(IChannel channel, IProgress<SettingChange>? next) : IProgress<SettingChange>
{
    public void Report(SettingChange value)
    {
        next?.Report(value);
        channel.Info(MessageSensitivity.None, "{0}", $"{value}");
    }
}
