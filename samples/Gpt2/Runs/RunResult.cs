using System.Text.Json;
using Focus;

namespace Gpt2Sample;

/// <summary>What came of a run that is over.</summary>
/// <param name="Steps">The steps it took.</param>
/// <param name="TrainLoss">The last evaluation's loss on training data; null where the run diverged.</param>
/// <param name="ValidationLoss">The same on validation data, where there are any.</param>
/// <param name="BestValidationLoss">The lowest of all evaluations.</param>
/// <param name="Divergence">Why it could not go on; null where it reached its last step.</param>
internal sealed record RunResult(
    long Steps, double? TrainLoss, double? ValidationLoss, double? BestValidationLoss, string? Divergence)
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <exception cref="InvalidDataException">The file is no result.</exception>
    public static RunResult Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<RunResult>(File.ReadAllText(path), Format)
                ?? throw new JsonException("It is null.");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"'{path}' is no result of a run; delete it to have it made again. {fault.Message}", fault);
        }
    }

    public void Write(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, Format));
}
