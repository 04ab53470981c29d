using System.Text.Json;

namespace Gpt2Sample;

/// <summary>The losses of a run's evaluations: on validation data where there are any, otherwise on training data.</summary>
/// <param name="Points">The evaluations, with the time that the steps before them took, evaluations and checkpoints not included, and the
/// loss in nats per token.</param>
internal sealed record LossCurve((double Step, double Seconds, double Loss)[] Points)
{
    /// <summary>Reads the metrics of a run.</summary>
    /// <param name="file">Lines of JSON, one for each step.</param>
    /// <param name="tokensPerStep">The tokens of a step.</param>
    /// <exception cref="InvalidDataException">A line is not the metrics of a step.</exception>
    public static LossCurve Read(string file, long tokensPerStep)
    {
        var points = new List<(double Step, double Seconds, double Loss)>();
        var seconds = 0.0;
        foreach (var (index, line) in File.ReadLines(file).Index())
        {
            try
            {
                using var document = JsonDocument.Parse(line);
                var step = document.RootElement;
                seconds += tokensPerStep / step.GetProperty("tokens_per_second").GetDouble();
                if (step.TryGetProperty("evaluation", out var evaluation)) points.Add((step.GetProperty("step").GetDouble(), seconds, Loss(evaluation)));
            }
            catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new InvalidDataException($"'{file}', line {index + 1}: expected the metrics of a step as JSON; {fault.Message}", fault);
            }
        }
        return new([.. points]);
    }

    /// <summary>Where the curve first falls to a loss, on straight lines between evaluations; null where it never does.</summary>
    public (double Step, double Seconds)? FallsTo(double loss)
    {
        var first = Array.FindIndex(Points, point => point.Loss <= loss);
        if (first < 0) return null;
        var after = Points[first];
        if (first == 0) return (after.Step, after.Seconds);
        var before = Points[first - 1];
        var share = (before.Loss - loss) / (before.Loss - after.Loss);
        return (before.Step + share * (after.Step - before.Step), before.Seconds + share * (after.Seconds - before.Seconds));
    }

    private static double Loss(JsonElement evaluation) =>
        evaluation.TryGetProperty("validation_loss", out var loss) ? loss.GetDouble() : evaluation.GetProperty("train_loss").GetDouble();
}
