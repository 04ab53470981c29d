using System.Text.Json;

namespace Gpt2Sample;

/// <summary>The losses of a run's evaluations: on validation data where there are any, otherwise on training data.</summary>
/// <param name="Steps">The steps after which it was evaluated, ascending.</param>
/// <param name="Seconds">The time the steps up to there had taken, evaluations and checkpoints not counted.</param>
/// <param name="Losses">The losses, in nats per token.</param>
internal sealed record LossCurve(double[] Steps, double[] Seconds, double[] Losses)
{
    /// <summary>Reads the metrics a run has left.</summary>
    /// <param name="file">Lines of JSON, one for each step.</param>
    /// <param name="tokensPerStep">The tokens of a step.</param>
    /// <exception cref="InvalidDataException">A line is no such metrics.</exception>
    public static LossCurve Read(string file, long tokensPerStep)
    {
        var points = new List<(double Step, double Seconds, double Loss)>();
        var (number, seconds) = (0, 0.0);
        foreach (var line in File.ReadLines(file))
        {
            number++;
            try
            {
                using var document = JsonDocument.Parse(line);
                var step = document.RootElement;
                seconds += tokensPerStep / step.GetProperty("tokens_per_second").GetDouble();
                if (step.TryGetProperty("evaluation", out var evaluation))
                    points.Add((step.GetProperty("step").GetDouble(), seconds, Loss(evaluation)));
            }
            catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new InvalidDataException($"'{file}', line {number}: expected the metrics of a step as JSON; {fault.Message}", fault);
            }
        }
        return new(
            [.. points.Select(point => point.Step)], [.. points.Select(point => point.Seconds)], [.. points.Select(point => point.Loss)]);
    }

    /// <summary>The curve's points at some of its steps.</summary>
    public LossCurve At(double[] steps)
    {
        int[] places = [.. steps.Select(step => Array.IndexOf(Steps, step))];
        return new(steps, [.. places.Select(place => Seconds[place])], [.. places.Select(place => Losses[place])]);
    }

    /// <summary>Where the curve first falls to a loss, on straight lines between evaluations; null where it never does.</summary>
    /// <param name="places">The steps or the seconds.</param>
    /// <param name="loss">The loss.</param>
    public double? FallsTo(double[] places, double loss)
    {
        var first = Array.FindIndex(Losses, value => value <= loss);
        if (first <= 0) return first < 0 ? null : places[0];
        var share = (Losses[first - 1] - loss) / (Losses[first - 1] - Losses[first]);
        return places[first - 1] + share * (places[first] - places[first - 1]);
    }

    private static double Loss(JsonElement evaluation) =>
        evaluation.TryGetProperty("validation_loss", out var loss) ? loss.GetDouble() : evaluation.GetProperty("train_loss").GetDouble();
}
