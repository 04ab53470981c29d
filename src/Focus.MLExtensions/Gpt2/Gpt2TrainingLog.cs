using Microsoft.ML.Runtime;
using static System.FormattableString;

namespace Focus;

/// <summary>Hands progress on, and writes some of it to a channel of ML.NET: every evaluation, every tenth of the run, and the
/// end.</summary>
internal sealed class Gpt2TrainingLog(IChannel channel, IProgress<Gpt2Progress>? next) : IProgress<Gpt2Progress>
{
    public void Report(Gpt2Progress value)
    {
        next?.Report(value);
        if (value.Evaluation is not null || TrainingLog.EndsTenth(value.Step, value.TotalSteps))
            channel.Info(MessageSensitivity.None, "{0}", Message(value));
    }

    private static string Message(Gpt2Progress progress)
    {
        var evaluation = progress.Evaluation is { } result
            ? Invariant($", evaluation loss {result.TrainLoss:g5}{Optional(", validation loss", result.ValidationLoss)}") +
              Invariant($", parameter norm {result.ParameterNorm:g5}{Optional(", momentum norm", result.MomentumNorm)}")
            : "";
        return Invariant($"Step {progress.Step} of {progress.TotalSteps}: loss {progress.Loss:g5}{evaluation}, ") +
            Invariant($"learning rate {progress.LearningRate:g3}, {progress.TokensPerSecond:f0} tokens/s, ") +
            (progress.ModelFlopsUtilization is { } share ? Invariant($"MFU {share:p1}, ") : "") +
            Invariant($"{progress.ClippedShare:p1} of steps clipped, ") +
            TrainingLog.WholeSeconds(progress.Elapsed);
    }

    private static string Optional(string name, double? value) => value is { } number ? Invariant($"{name} {number:g5}") : "";
}
