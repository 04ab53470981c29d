using System.Globalization;
using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The checkpoints that a <see cref="Gpt2Training"/> leaves: safetensors files with the model, the optimizer's state and the run's
/// settings.</summary>
public static class Gpt2Checkpoint
{
    /// <summary>The name of the file with the lowest validation loss.</summary>
    public const string BestName = "best.safetensors";

    internal const string StepPrefix = "step-", StepPattern = StepPrefix + "*.safetensors";

    /// <summary>Finds the newest checkpoint of a folder.</summary>
    /// <param name="folder">A run's <see cref="Gpt2TrainingOptions.CheckpointFolder"/>, which may be missing.</param>
    /// <returns>The path of the newest checkpoint, of the best where there is no other, or null where there is none.</returns>
    public static string? Newest(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return CheckpointFolder.Files(folder) is [var newest, ..] ? newest : null;
    }

    /// <summary>Reads the model of a checkpoint.</summary>
    /// <param name="path">The file, such as <see cref="Newest"/> finds.</param>
    /// <returns>A model in evaluation mode, float32, on the CPU; the caller disposes of it.</returns>
    /// <exception cref="InvalidDataException">The file is not a checkpoint, or damaged.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static Gpt2 LoadModel(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return AtomicFile.Read(path, stream =>
        {
            var reader = new SafetensorsReader(stream);
            var model = Gpt2Reader.Read(CheckpointFile.Parse(reader.Header.Metadata).Model, [reader]);
            model.eval();
            return model;
        });
    }

    /// <summary>Reads which settings the run has changed when it was resumed (<see cref="Gpt2TrainingOptions.AllowChanges"/>), the first change
    /// first.</summary>
    /// <inheritdoc cref="LoadModel"/>
    public static IReadOnlyList<SettingChange> ChangesOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return AtomicFile.Read(path, stream => CheckpointFile.Parse(new SafetensorsReader(stream).Header.Metadata).State.Changes);
    }

    internal static string StepName(long step) => $"{StepPrefix}{step:D9}.safetensors";
}

/// <summary>A setting of a run that was changed when the run was resumed.</summary>
/// <param name="Step">The steps taken before.</param>
/// <param name="Name">The setting.</param>
/// <param name="Before">Its value before, as text.</param>
/// <param name="After">Its value since.</param>
public sealed record SettingChange(long Step, string Name, string Before, string After)
{
    /// <summary>A sentence for logs.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"After step {Step}, {Name} changed from {Before} to {After}.");
}

/// <summary>A run's checkpoints: the newest ones and the best, which is resumed from if there is no other.</summary>
/// <remarks>
/// Files are written atomically, so a damaged one indicates a failing disk or an edit by hand: it is reported, never skipped silently.
/// </remarks>
internal sealed class CheckpointFolder : IDisposable
{
    private const string LockName = "run.lock";

    private readonly string folder;
    private readonly FileStream lockFile;
    private readonly IReadOnlyDictionary<string, string> settings;
    private readonly RunTensors tensors;
    private readonly OptimizerHelper optimizer;

    /// <summary>Holds the folder for this run until it is disposed of.</summary>
    public CheckpointFolder(string folder, Gpt2 model, OptimizerHelper optimizer, IReadOnlyDictionary<string, string> settings)
    {
        (this.folder, this.optimizer, this.settings) = (folder, optimizer, settings);
        tensors = new RunTensors(model, optimizer);
        lockFile = Lock(folder);
    }

    /// <summary>The checkpoints of a folder, the newest first and the best last.</summary>
    public static IReadOnlyList<string> Files(string folder)
    {
        var best = Path.Combine(folder, Gpt2Checkpoint.BestName);
        return File.Exists(best) ? [.. StepFiles(folder), best] : StepFiles(folder);
    }

    /// <summary>Throws where the folder holds a run that a new one would overwrite.</summary>
    public void RequireEmpty()
    {
        if (Files(folder) is [var newest, ..])
            throw new ArgumentException(
                $"'{newest}' is a run's checkpoint; set {nameof(Gpt2TrainingOptions.Resume)} to continue that run, or take another folder.");
    }

    /// <summary>Restores the newest checkpoint, where there is one.</summary>
    /// <param name="options">The length of the run, and whether other settings than the checkpoint's are allowed.</param>
    /// <returns>The state of the run, or null.</returns>
    public Gpt2RunState? LoadNewest(Gpt2TrainingOptions options)
    {
        var files = Files(folder);
        if (files.Count == 0) return null;
        try
        {
            using var stream = File.OpenRead(files[0]);
            var reader = new SafetensorsReader(stream);
            var checkpoint = CheckpointFile.Parse(reader.Header.Metadata);
            var changes = RunSettings.Changes(checkpoint, settings);
            RequireSameRun(files[0], checkpoint, changes, options);
            using var average = new AverageScope(optimizer);
            tensors.Restore(reader);
            foreach (var change in changes) options.Changed?.Report(change);
            return checkpoint.State with { Changes = [.. checkpoint.State.Changes, .. changes] };
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

    public void SaveBest(Gpt2RunState state) => Write(Path.Combine(folder, Gpt2Checkpoint.BestName), state);

    public void Dispose() => lockFile.Dispose();

    private static FileStream Lock(string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, LockName);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        }
        catch (IOException error) when (File.Exists(path))
        {
            throw new IOException($"Another run holds the checkpoint folder '{folder}'; wait until it ends, or take another folder.", error);
        }
    }

    private void Write(string path, Gpt2RunState state)
    {
        using var scope = NewDisposeScope();
        using var average = new AverageScope(optimizer); // The weights are those to use; those in training are the optimizer's.
        Safetensors.Save(path, tensors.Named(), new CheckpointFile(settings, state).ToMetadata());
    }

    private static void RequireSameRun(string path, CheckpointFile checkpoint, IReadOnlyList<SettingChange> changes, Gpt2TrainingOptions options)
    {
        if (changes.FirstOrDefault(change => !options.AllowChanges || RunSettings.IsFixed(change, options)) is { } other)
            throw new ArgumentException(
                $"'{path}' belongs to another run: its {other.Name} is {other.Before}, this run's is {other.After}. Use the checkpoint's value to " +
                $"resume, {(RunSettings.IsFixed(other, options) ? "" : $"set {nameof(options.AllowChanges)}, ")}or choose another folder.");
        if (checkpoint.State.Step > options.MaxSteps)
            throw new ArgumentException(
                $"'{path}' is at step {checkpoint.State.Step}, but {nameof(options.MaxSteps)} is {options.MaxSteps}. " +
                $"Set {nameof(options.MaxSteps)} to at least {checkpoint.State.Step}.");
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

/// <summary>The texts of a checkpoint: what kind of file it is, the run's settings, and its state.</summary>
internal sealed record CheckpointFile(IReadOnlyDictionary<string, string> Settings, Gpt2RunState State)
{
    private const string FormatKey = "format", SettingsKey = "settings", StateKey = "state";
    private const string Format = "Focus GPT-2 checkpoint 1";

    public Gpt2Config Model
    {
        get
        {
            var config = Parsed<Gpt2Config>(RunSettings.Model, Settings.GetValueOrDefault(RunSettings.Model) ?? "");
            Check.Stored("The model's configuration is invalid", config.Validate);
            return config;
        }
    }

    public Dictionary<string, string> ToMetadata() => new()
    {
        [FormatKey] = Format,
        [SettingsKey] = JsonSerializer.Serialize(Settings),
        [StateKey] = JsonSerializer.Serialize(State),
    };

    public static CheckpointFile Parse(IReadOnlyDictionary<string, string> metadata)
    {
        if (metadata.GetValueOrDefault(FormatKey) is var format && format != Format)
            throw new InvalidDataException($"Expected the format '{Format}', found {(format is null ? "none" : $"'{format}'")}.");
        return new CheckpointFile(
            Parsed<Dictionary<string, string>>(SettingsKey, metadata.GetValueOrDefault(SettingsKey, "")),
            Parsed<Gpt2RunState>(StateKey, metadata.GetValueOrDefault(StateKey, "")));
    }

    private static T Parsed<T>(string name, string json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json) ?? throw new JsonException("it is null.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"The metadata '{name}' cannot be read: {error.Message}", error);
        }
    }
}

/// <summary>The tensors of a run as a checkpoint names them: the weights under their own names, and each one's optimizer state.</summary>
internal sealed class RunTensors
{
    private const string OptimizerPrefix = "optimizer.";

    private readonly (string Name, Parameter Parameter, ParameterState State)[] parameters;
    private readonly SettingsOptimizer? averaging;

    public RunTensors(Gpt2 model, OptimizerHelper optimizer)
    {
        averaging = optimizer as SettingsOptimizer;
        var names = model.named_parameters().ToDictionary(named => named.parameter.Handle, named => named.name);
        parameters = [.. optimizer.parameters().Zip(optimizer.state_dict().State, (parameter, state) => (
            names[parameter.Handle],
            parameter,
            state as ParameterState ?? throw new NotSupportedException(
                $"The state of {optimizer.GetType().Name} cannot be kept in checkpoints; expected one that OptimizerSettings created.")))
        ];
    }

    /// <summary>Whether a checkpoint's tensor belongs to the optimizer; the others are the model's weights.</summary>
    public static bool IsOptimizerState(SafetensorsEntry entry) => entry.Name.StartsWith(OptimizerPrefix, StringComparison.Ordinal);

    /// <summary>All tensors by name: the run's own, but for the step counts, which are copies for the caller to dispose of.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Named()
    {
        foreach (var (name, parameter, _) in parameters) yield return new(name, parameter);
        foreach (var (name, parameter, state) in parameters)
        {
            if (averaging?.TrainingWeights(parameter) is { } training) yield return new($"{OptimizerPrefix}{name}.training", training);
            for (var i = 0; i < state.Tensors.Count; i++) yield return new($"{OptimizerPrefix}{name}.{i}", state.Tensors[i]);
            if (state.Numbers is { } numbers) yield return new($"{OptimizerPrefix}{name}.numbers", numbers);
            yield return new(StepName(name), tensor(state.Step));
        }
    }

    public void Restore(SafetensorsReader checkpoint)
    {
        using var scope = NewDisposeScope();
        var targets = Named().ToDictionary();
        checkpoint.CopyTo(targets);
        SetSteps(targets);
    }

    /// <summary>Gives all ranks the tensors of rank 0.</summary>
    public void Broadcast(Communicator communicator)
    {
        using var scope = NewDisposeScope();
        var targets = Named().ToDictionary();
        foreach (var (_, tensor) in targets) communicator.Broadcast(tensor);
        SetSteps(targets);
    }

    private void SetSteps(Dictionary<string, Tensor> targets)
    {
        foreach (var (name, _, state) in parameters) state.Step = targets[StepName(name)].ToInt64();
    }

    private static string StepName(string parameter) => $"{OptimizerPrefix}{parameter}.step";
}

/// <summary>The settings that decide what comes of a run, each as a text: unless the user allows changes, a run is continued only where all are as
/// they were.</summary>
/// <remarks>The length of the run is not among them: a run that is over may be prolonged.</remarks>
internal static class RunSettings
{
    public const string Model = "Model";

    public static IReadOnlyDictionary<string, string> Of(Gpt2Config model, Gpt2TrainingOptions options, long trainTokens)
        => new Dictionary<string, string>
        {
            [Model] = JsonSerializer.Serialize(model),
            [nameof(options.Optimizer)] = Text(options.Optimizer),
            [nameof(options.Schedule)] = options.HasDefaultSchedule ? "the default" : Text(options.Schedule),
            [nameof(options.BatchSize)] = Text(options.BatchSize * (options.Distributed?.Size ?? 1)),
            [nameof(options.AccumulationSteps)] = Text(options.AccumulationSteps),
            [nameof(options.ClipNorm)] = options.ClipNorm is { } norm ? Text(norm) : "none",
            [nameof(options.Precision)] = options.Precision.ToString(),
            [nameof(options.Seed)] = Text(options.Seed ?? 0),
            ["Training tokens"] = Text(trainTokens),
        };

    /// <summary>What must be the same on all ranks of a job.</summary>
    public static IEnumerable<KeyValuePair<string, string>> OfJob(
        Gpt2Config model, Gpt2TrainingOptions options, TokenSource train, TokenSource? validation) =>
    [
        .. Of(model, options, train.Count),
        new(nameof(options.MaxSteps), Text(options.MaxSteps)),
        new(nameof(options.EvaluationInterval), Text(options.EvaluationInterval)),
        new(nameof(options.EvaluationBatches), Text(options.EvaluationBatches)),
        new(nameof(options.CheckpointInterval), Text(options.CheckpointInterval)),
        new(nameof(options.CheckpointFolder), options.CheckpointFolder is null ? "none" : options.Resume ? "resumed from" : "new"),
        new("Training data", SampleOf(train)),
        new("Validation data", validation is null ? "none" : SampleOf(validation)),
    ];

    /// <summary>A hash of some of the tokens.</summary>
    private static string SampleOf(TokenSource source)
    {
        var sample = new int[Math.Min(64, source.Count)];
        for (var i = 0; i < sample.Length; i++) source.Read(source.Count * i / sample.Length, sample.AsSpan(i, 1));
        var hash = sample.Aggregate(new StreamKey(source.Count), (key, token) => key.With((ulong)token));
        return $"{source.Count} tokens with the hash {hash.State().Low:x}";
    }

    /// <summary>What is no longer as in a checkpoint.</summary>
    public static IReadOnlyList<SettingChange> Changes(CheckpointFile checkpoint, IReadOnlyDictionary<string, string> settings) =>
    [
        .. from setting in settings
           let before = checkpoint.Settings.GetValueOrDefault(setting.Key, "missing")
           where before != setting.Value
           select new SettingChange(checkpoint.State.Step, setting.Key, before, setting.Value),
    ];

    /// <summary>Whether the state of the run would not fit: that of another model, of another kind of optimizer, or of one with other
    /// choices.</summary>
    public static bool IsFixed(SettingChange change, Gpt2TrainingOptions options) => change.Name switch
    {
        Model => true,
        nameof(options.Optimizer) => !Fits(change.Before, options.Optimizer),
        _ => false,
    };

    private static bool Fits(string before, OptimizerSettings optimizer)
    {
        var kind = optimizer.GetType();
        if (!before.StartsWith($"{kind.Name} ", StringComparison.Ordinal)) return false;
        try
        {
            return JsonSerializer.Deserialize(before[kind.Name.Length..], kind) is OptimizerSettings saved && optimizer.StructuralDifference(saved) is null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);

    private static string Text(object record) => $"{record.GetType().Name} {JsonSerializer.Serialize(record, record.GetType())}";
}
