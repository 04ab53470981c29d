using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>A run's checkpoints: the newest few, and the best, which stands in where there is no other yet.</summary>
/// <remarks>
/// Files appear whole or not at all, so that a damaged one is a sign of a failing disk or of somebody's hand: it is reported, never passed over
/// in silence.
/// </remarks>
internal sealed class CheckpointFolder
{
    private readonly string folder;
    private readonly IReadOnlyDictionary<string, string> settings;
    private readonly RunTensors tensors;

    public CheckpointFolder(string folder, Gpt2 model, OptimizerHelper optimizer, IReadOnlyDictionary<string, string> settings)
    {
        (this.folder, this.settings) = (folder, settings);
        tensors = new RunTensors(model, optimizer);
    }

    /// <summary>The checkpoints of a folder, the newest first and the best last.</summary>
    public static IReadOnlyList<string> Files(string folder)
    {
        var best = Path.Combine(folder, Gpt2Checkpoint.BestName);
        return File.Exists(best) ? [.. StepFiles(folder), best] : StepFiles(folder);
    }

    /// <summary>Throws where the folder holds a run that a new one would overwrite.</summary>
    /// <exception cref="ArgumentException">It does.</exception>
    public void RequireEmpty()
    {
        if (Files(folder) is [var newest, ..])
            throw new ArgumentException(
                $"'{newest}' is a run's checkpoint; set {nameof(Gpt2TrainingOptions.Resume)} to continue that run, or take another folder.");
    }

    /// <summary>Restores the newest checkpoint, where there is one.</summary>
    /// <returns>What the run had come to, or null.</returns>
    /// <exception cref="ArgumentException">The checkpoint is of another run.</exception>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public Gpt2RunState? LoadNewest(long maxSteps)
    {
        var files = Files(folder);
        if (files.Count == 0) return null;
        try
        {
            using var stream = File.OpenRead(files[0]);
            var reader = new SafetensorsReader(stream);
            var checkpoint = CheckpointFile.Parse(reader.Header.Metadata);
            RequireSameRun(files[0], checkpoint, maxSteps);
            tensors.Restore(reader);
            return checkpoint.State;
        }
        catch (InvalidDataException error)
        {
            var remedy = files.Count > 1 ? $"delete it to resume from '{files[1]}'" : "delete it to begin anew";
            throw new InvalidDataException($"The checkpoint '{files[0]}' is damaged; {remedy}. {error.Message}", error);
        }
    }

    /// <summary>Deletes what runs that were killed while they wrote a checkpoint have left.</summary>
    public void DeleteLeftovers()
    {
        foreach (var pattern in new[] { Gpt2Checkpoint.StepPattern, Gpt2Checkpoint.BestName }) AtomicFile.DeleteLeftovers(folder, pattern);
    }

    /// <summary>Writes a checkpoint, then deletes those before it but for the newest few.</summary>
    public void Save(Gpt2RunState state, int kept)
    {
        Write(Path.Combine(folder, Gpt2Checkpoint.StepName(state.Step)), state);
        foreach (var old in StepFiles(folder).Skip(kept)) File.Delete(old);
    }

    /// <summary>Writes the checkpoint with the lowest validation loss.</summary>
    public void SaveBest(Gpt2RunState state) => Write(Path.Combine(folder, Gpt2Checkpoint.BestName), state);

    private void Write(string path, Gpt2RunState state)
    {
        using var scope = NewDisposeScope();
        Safetensors.Save(path, tensors.Named(), new CheckpointFile(settings, state).ToMetadata());
    }

    private void RequireSameRun(string path, CheckpointFile checkpoint, long maxSteps)
    {
        if (RunSettings.Difference(settings, checkpoint.Settings) is var (name, expected, found))
            throw new ArgumentException(
                $"'{path}' is of another run: for {name} expected {expected}, found {found}. Set it as found to resume, or take another folder.");
        if (checkpoint.State.Step > maxSteps)
            throw new ArgumentException(
                $"'{path}' is of step {checkpoint.State.Step}, but {nameof(Gpt2TrainingOptions.MaxSteps)} is {maxSteps}; " +
                "it must be at least as many.");
    }

    private static IReadOnlyList<string> StepFiles(string folder)
    {
        if (!Directory.Exists(folder)) return [];
        var files = Directory.EnumerateFiles(folder, Gpt2Checkpoint.StepPattern);
        return [.. files.Where(path => StepOf(path) is not null).OrderByDescending(StepOf)];
    }

    private static long? StepOf(string path)
    {
        var digits = Path.GetFileNameWithoutExtension(path).AsSpan(Gpt2Checkpoint.StepPrefix.Length);
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : null;
    }
}
