using static TorchSharp.torch;

namespace Focus;

/// <summary>How a checkpoint names its tensors: weights as the model does, and what belongs to the optimizer with a prefix.</summary>
internal static class CheckpointTensors
{
    private const string OptimizerPrefix = "optimizer.";

    /// <summary>The name of a part of a parameter's optimizer state.</summary>
    public static string OptimizerName(string parameter, string part) => $"{OptimizerPrefix}{parameter}.{part}";

    /// <summary>Whether a tensor is one of the model's weights.</summary>
    public static bool IsWeight(SafetensorsEntry entry) => !entry.Name.StartsWith(OptimizerPrefix, StringComparison.Ordinal);

    /// <summary>Throws unless a checkpoint holds the tensors expected, and no others.</summary>
    /// <exception cref="InvalidDataException">It does not; the message names the first difference.</exception>
    public static void RequireSame(
        IReadOnlyDictionary<string, (ScalarType Type, long[] Shape)> expected, IReadOnlyList<SafetensorsEntry> found)
    {
        foreach (var entry in found)
        {
            if (!expected.TryGetValue(entry.Name, out var tensor))
                throw new InvalidDataException($"Found tensor '{entry.Name}', which the run does not have.");
            if (tensor.Type != entry.Type.ScalarType || !tensor.Shape.SequenceEqual(entry.Shape))
                throw new InvalidDataException(
                    $"Expected tensor '{entry.Name}' as {tensor.Type} [{string.Join(", ", tensor.Shape)}], " +
                    $"found {entry.Type.ScalarType} [{string.Join(", ", entry.Shape)}].");
        }
        if (expected.Keys.Except(found.Select(entry => entry.Name)).FirstOrDefault() is { } missing)
            throw new InvalidDataException($"Tensor '{missing}' is missing.");
    }
}
