namespace Focus;

/// <summary>The checkpoints that a <see cref="Gpt2Training"/> leaves: safetensors files with the model, the optimizer's state and the run's
/// settings.</summary>
public static class Gpt2Checkpoint
{
    /// <summary>The name of the file with the lowest validation loss.</summary>
    public const string BestName = "best.safetensors";

    internal const string StepPrefix = "step-", StepPattern = StepPrefix + "*.safetensors";

    /// <summary>The newest checkpoint of a folder, or null where there is none.</summary>
    public static string? Newest(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return CheckpointFolder.Files(folder) is [var newest, ..] ? newest : null;
    }

    internal static string StepName(long step) => $"{StepPrefix}{step:D9}.safetensors";
}
