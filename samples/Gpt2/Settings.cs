using System.ComponentModel;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Focus;
using Microsoft.Extensions.Configuration;

namespace Gpt2Sample;

/// <summary>The schedules of the learning rate that a run can choose from.</summary>
internal enum ScheduleKind
{
    Cosine,
    Linear,
    Constant,
    Wsd,
    Rex,
    InverseSquareRoot,
    Step,
    OneCycle,
}

/// <summary>The settings of a training run. They come in layers: these defaults, which are the paper's FOCUS run (arXiv:2501.12243,
/// section 4), then a preset, a configuration file and the command line, where each setting with a description is an option.</summary>
internal sealed record RunSettings
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        IgnoreReadOnlyProperties = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter() },
    };

    [Description("Folder of the prepared tokens: train.bin, val.bin, meta.json")] public string Data { get; init; } = "data/openwebtext";
    [Description("Tokens of the vocabulary [default: as the data say; of GPT-2's, 50304]")] public int? VocabularySize { get; init; }
    [Description("Transformer blocks")] public int Layers { get; init; } = Gpt2Config.Small.Layers;
    [Description("Attention heads of each block")] public int Heads { get; init; } = Gpt2Config.Small.Heads;
    [Description("Features of each token")] public int Width { get; init; } = Gpt2Config.Small.Width;
    [Description("Tokens of a sequence")] public int BlockSize { get; init; } = Gpt2Config.Small.BlockSize;
    [Description("Whether linear layers and layer norms have biases")] public bool Bias { get; init; }
    [Description("Whether attention logits are divided by the block number")] public bool ScaleAttentionByInverseLayerIndex { get; init; } = true;
    [Description("Share of activations dropped in training")] public double Dropout { get; init; }
    [Description("The optimizer; the command optimizers lists all, and their options")] public string Optimizer { get; init; } = "focus";

    /// <summary>The optimizer with its hyperparameters. Files have sections by the names of optimizers here, each for a run with that one.</summary>
    public OptimizerSettings Hyperparameters { get; init; } = NamedOptimizers.Defaults()["focus"];

    [Description("Optimizer steps")] public long Steps { get; init; } = 100_000;
    [Description("Sequences of a micro-batch")] public int BatchSize { get; init; } = 12;
    [Description("Micro-batches of a step")] public int AccumulationSteps { get; init; } = 40;
    [Description("Cosine, linear, constant, wsd, rex, inversesquareroot, step or onecycle [default: cosine; constant with schedulefreeadamw]")]
    public ScheduleKind? Schedule { get; init; }
    [Description("Steps over which the learning rate rises from 0")] public long WarmupSteps { get; init; } = 2000;
    [Description("Share of the learning rate that the schedule ends at")] public double FinalFactor { get; init; } = 0.05;
    [Description("Steps of decay at the end of schedule wsd [default: a tenth of the run]")] public long? DecaySteps { get; init; }
    [Description("Largest norm of the gradients")] public double ClipNorm { get; init; } = 1.0;
    [Description("The type to compute in")] public TrainingPrecision Precision { get; init; } = TrainingPrecision.Float16;
    [Description("Steps between evaluations")] public long EvaluationInterval { get; init; } = 1000;
    [Description("Micro-batches of an evaluation")] public int EvaluationBatches { get; init; } = 200;
    [Description("Steps between checkpoints")] public long CheckpointInterval { get; init; } = 1000;
    [Description("How many of the newest checkpoints are kept, besides the best")] public int CheckpointsKept { get; init; } = 2;
    [Description("Seed of weights, data order and dropout")] public int Seed { get; init; } = 1;
    [Description("Where to train: cpu, cuda, cuda:1 and so on")] public string Device { get; init; } = "cuda";

    public long TokensPerStep => (long)BatchSize * AccumulationSteps * BlockSize;

    /// <summary>The name of the chosen schedule.</summary>
    public ScheduleKind ChosenKind => Schedule ?? (Hyperparameters is ScheduleFreeAdamWOptions ? ScheduleKind.Constant : ScheduleKind.Cosine);

    /// <summary>The chosen schedule with those of the settings that it has.</summary>
    public LearningRateSchedule ChosenSchedule => ChosenKind switch
    {
        ScheduleKind.Cosine => new CosineSchedule { WarmupSteps = WarmupSteps, FinalFactor = FinalFactor },
        ScheduleKind.Linear => new LinearSchedule { WarmupSteps = WarmupSteps, FinalFactor = FinalFactor },
        ScheduleKind.Constant => new ConstantSchedule(),
        ScheduleKind.Wsd => new WarmupStableDecaySchedule
        {
            WarmupSteps = WarmupSteps, DecaySteps = DecaySteps ?? Steps / 10, FinalFactor = FinalFactor,
        },
        ScheduleKind.Rex => new RexSchedule { FinalFactor = FinalFactor },
        ScheduleKind.InverseSquareRoot => new InverseSquareRootSchedule { WarmupSteps = WarmupSteps },
        ScheduleKind.Step => new StepSchedule(),
        ScheduleKind.OneCycle => new OneCycleSchedule(),
        _ => throw new ArgumentException(
            $"{nameof(Schedule)} is {Schedule}; valid is {string.Join(", ", Enum.GetNames<ScheduleKind>()).ToLowerInvariant()}.", nameof(Schedule)),
    };

    /// <summary>Reads a configuration file of settings as a layer, and checks it.</summary>
    /// <inheritdoc cref="Layer.Read"/>
    public static IConfiguration Open(string path) => Layer.Read(path, layer => Of(layer));

    /// <summary>The settings that layers add up to.</summary>
    /// <exception cref="InvalidOperationException">A layer has an invalid value.</exception>
    /// <exception cref="ArgumentException">There is no such optimizer.</exception>
    public static RunSettings Of(params IEnumerable<IConfiguration> layers)
    {
        IConfiguration[] all = [.. layers];
        var settings = Layer.Bind<RunSettings>(all);
        var optimizers = NamedOptimizers.Bind(all);
        var name = NamedOptimizers.Find(settings.Optimizer) is { } known
            ? NamedOptimizers.NameOf(known)
            : throw new ArgumentException($"{nameof(Optimizer)} is {settings.Optimizer}; valid is {NamedOptimizers.Names}.", nameof(Optimizer));
        return settings with { Optimizer = name, Hyperparameters = optimizers[name] };
    }

    /// <summary>Checks all that does not depend on the data.</summary>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public void Validate()
    {
        NamedOptimizers.Validate(Hyperparameters, $"{NamedOptimizers.Section}:{Optimizer}");
        Training().Validate();
    }

    /// <summary>The model, for a vocabulary of the data's.</summary>
    public Gpt2Config Model(int vocabularySize) => new()
    {
        BlockSize = BlockSize,
        VocabularySize = vocabularySize,
        Layers = Layers,
        Heads = Heads,
        Width = Width,
        Bias = Bias,
        ScaleAttentionByInverseLayerIndex = ScaleAttentionByInverseLayerIndex,
        Dropout = Dropout,
    };

    /// <summary>The training, without the folders it writes to.</summary>
    public Gpt2TrainingOptions Training() => new()
    {
        Optimizer = Hyperparameters,
        Schedule = ChosenSchedule,
        MaxSteps = Steps,
        BatchSize = BatchSize,
        AccumulationSteps = AccumulationSteps,
        ClipNorm = ClipNorm,
        Precision = Precision,
        EvaluationInterval = EvaluationInterval,
        EvaluationBatches = EvaluationBatches,
        CheckpointInterval = CheckpointInterval,
        CheckpointsKept = CheckpointsKept,
        Seed = Seed,
        Device = Device,
    };

    /// <summary>Writes all settings as a configuration file.</summary>
    public void Write(string path)
    {
        var settings = JsonSerializer.SerializeToNode(this, Format)!;
        settings[NamedOptimizers.Section] = new JsonObject
        {
            [Optimizer] = JsonSerializer.SerializeToNode(Hyperparameters, Hyperparameters.GetType(), Format),
        };
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, settings, Format));
    }
}

/// <summary>A run under a name: a file of the folder <c>presets</c>.</summary>
internal sealed record Preset
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "presets");

    public string Description { get; init; } = "";

    /// <summary>The figures of the paper that show the run.</summary>
    public string[] Figures { get; init; } = [];

    public RunSettings Settings { get; init; } = new();

    public static string[] Names => [.. Directory.GetFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order()];

    /// <summary>Reads a preset.</summary>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static Preset Read(string name) => Of(Open(name));

    /// <summary>The settings of a preset as a layer.</summary>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static IConfiguration SettingsOf(string name) => Open(name).GetSection(nameof(Settings));

    private static IConfiguration Open(string name)
    {
        var known = Names.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"There is no preset '{name}'; there are {string.Join(", ", Names)}.");
        return Layer.Read(Path.Combine(Folder, $"{known}.json"), Of);
    }

    private static Preset Of(IConfiguration file) =>
        Layer.Bind<Preset>([file]) with { Settings = RunSettings.Of(file.GetSection(nameof(Settings))) };
}

/// <summary>Layers of settings, such as configuration files; later ones take precedence.</summary>
internal static class Layer
{
    /// <summary>Reads a configuration file of settings, and checks it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bind">Turns it into its settings.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not JSON, or has an unknown setting or an invalid value.</exception>
    public static IConfiguration Read<T>(string path, Func<IConfiguration, T> bind)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no configuration file '{path}'.", path);
        try
        {
            var layer = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(path)).Build();
            var empty = layer.AsEnumerable()
                .FirstOrDefault(setting => setting.Value is null && !layer.GetSection(setting.Key).GetChildren().Any()).Key;
            if (empty is not null) throw new InvalidDataException($"'{empty}' is null or empty; give it a value, or remove it.");
            if (Fault(layer, typeof(T)) is { } fault) throw new InvalidDataException(fault);
            bind(layer);
            return layer;
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException($"Configuration file '{path}': {fault.GetBaseException().Message}", fault);
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"Configuration file '{path}': {fault.Message}", fault);
        }
    }

    /// <summary>The settings that layers add up to, without the hyperparameters, whose sections <see cref="NamedOptimizers"/> binds.</summary>
    /// <exception cref="InvalidOperationException">A layer has an invalid value.</exception>
    public static T Bind<T>(IEnumerable<IConfiguration> layers) where T : new()
    {
        var builder = new ConfigurationBuilder();
        foreach (var layer in layers) builder.AddConfiguration(layer);
        var settings = builder.Build().AsEnumerable()
            .Where(setting => !setting.Key.Split(':').Contains(NamedOptimizers.Section, StringComparer.OrdinalIgnoreCase));
        var bindable = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        return bindable.Get<T>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new T();
    }

    /// <summary>What is wrong with the first setting that a record of settings does not have; null where it has all.</summary>
    private static string? Fault(IConfiguration layer, Type record)
    {
        foreach (var setting in layer.GetChildren())
        {
            if (TypeOf(record, setting.Key) is not { } type) return $"There is no setting '{setting.Path}'{Remedy(record, setting.Key)}.";
            if (type.IsAssignableTo(typeof(OptimizerSettings)) && setting.Value is { } value)
                return $"'{setting.Path}' is '{value}'; expected a section in braces.";
            if (!type.IsArray && Fault(setting, type) is { } inner) return inner;
        }
        return null;
    }

    /// <summary>The type of a setting, or null where a record has no such setting; sections of hyperparameters have optimizers' names.</summary>
    private static Type? TypeOf(Type record, string name)
    {
        if (record == typeof(OptimizerSettings)) return NamedOptimizers.Find(name)?.GetType();
        var property = record.GetProperty(name, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase);
        return property is { CanWrite: true } ? property.PropertyType : null;
    }

    private static string Remedy(Type record, string name)
    {
        if (record == typeof(OptimizerSettings)) return $"; valid is {NamedOptimizers.Names}";
        if (record == typeof(RunSettings) && NamedOptimizers.Find(name) is not null)
            return $"; an optimizer's section belongs in '{NamedOptimizers.Section}', as '{NamedOptimizers.Section}:{name}'";
        var known = record.GetProperties().Where(property => property.CanWrite).Select(property => property.Name).ToArray();
        return known.Length > 0 ? $"; valid is {string.Join(", ", known.Select(JsonNamingPolicy.CamelCase.ConvertName))}" : "";
    }
}
