using System.ComponentModel;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Focus;
using Microsoft.Extensions.Configuration;

namespace Gpt2Sample;

/// <summary>The optimizers a run can choose from.</summary>
internal enum OptimizerKind
{
    Focus,
    Signum,
    AdamW,
}

/// <summary>The settings of a training run. They come in layers: these defaults, which are the paper's FOCUS run (arXiv:2501.12243,
/// section 4), then a preset, a configuration file and the command line, where each setting with a description is an option.</summary>
internal sealed record RunSettings
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        IgnoreReadOnlyProperties = true,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter() },
    };

    [Description("Folder of the prepared tokens: train.bin, val.bin, meta.json")] public string Data { get; init; } = "data/openwebtext";
    [Description("Transformer blocks")] public int Layers { get; init; } = Gpt2Config.Small.Layers;
    [Description("Attention heads of each block")] public int Heads { get; init; } = Gpt2Config.Small.Heads;
    [Description("Features of each token")] public int Width { get; init; } = Gpt2Config.Small.Width;
    [Description("Tokens of a sequence")] public int BlockSize { get; init; } = Gpt2Config.Small.BlockSize;
    [Description("Whether linear layers and layer norms have biases")] public bool Bias { get; init; }
    [Description("Whether attention logits are divided by the block number")] public bool ScaleAttentionByInverseLayerIndex { get; init; } = true;
    [Description("Share of activations dropped in training")] public double Dropout { get; init; }
    [Description("The optimizer: focus, signum or adamw")] public OptimizerKind Optimizer { get; init; } = OptimizerKind.Focus;

    public FocusOptions Focus { get; init; } = new() { LearningRate = 6e-4, Beta1 = 0.9, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 0.2 };
    public SignumOptions Signum { get; init; } = new() { LearningRate = 6e-4, Beta1 = 0.9, WeightDecay = 0.2 };
    public AdamWOptions AdamW { get; init; } = new() { LearningRate = 6e-4, Beta1 = 0.9, Beta2 = 0.95, WeightDecay = 0.1 };

    [Description("Optimizer steps")] public long Steps { get; init; } = 100_000;
    [Description("Sequences of a micro-batch")] public int BatchSize { get; init; } = 12;
    [Description("Micro-batches of a step")] public int AccumulationSteps { get; init; } = 40;
    [Description("Steps over which the learning rate rises from 0")] public long WarmupSteps { get; init; } = 2000;
    [Description("Share of the learning rate that the cosine schedule ends at")] public double FinalFactor { get; init; } = 0.05;
    [Description("Largest norm of the gradients")] public double ClipNorm { get; init; } = 1.0;
    [Description("The type to compute in")] public TrainingPrecision Precision { get; init; } = TrainingPrecision.Float16;
    [Description("Steps between evaluations")] public long EvaluationInterval { get; init; } = 1000;
    [Description("Micro-batches of an evaluation")] public int EvaluationBatches { get; init; } = 200;
    [Description("Steps between checkpoints")] public long CheckpointInterval { get; init; } = 1000;
    [Description("How many of the newest checkpoints are kept, besides the best")] public int CheckpointsKept { get; init; } = 2;
    [Description("Seed of weights, data order and dropout")] public int Seed { get; init; } = 1;
    [Description("Where to train: cpu, cuda, cuda:1 and so on")] public string Device { get; init; } = "cuda";

    public long TokensPerStep => (long)BatchSize * AccumulationSteps * BlockSize;

    /// <summary>The chosen optimizer with its hyperparameters.</summary>
    public OptimizerSettings ChosenOptimizer => Optimizer switch
    {
        OptimizerKind.Focus => Focus,
        OptimizerKind.Signum => Signum,
        OptimizerKind.AdamW => AdamW,
        _ => throw new ArgumentException($"{nameof(Optimizer)} is {Optimizer}; valid is focus, signum or adamw.", nameof(Optimizer)),
    };

    /// <summary>The same run with another optimizer, at another learning rate if one is given.</summary>
    public RunSettings With(OptimizerKind optimizer, double? learningRate) => this with
    {
        Optimizer = optimizer,
        Focus = Focus with { LearningRate = learningRate ?? Focus.LearningRate },
        Signum = Signum with { LearningRate = learningRate ?? Signum.LearningRate },
        AdamW = AdamW with { LearningRate = learningRate ?? AdamW.LearningRate },
    };

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
        Optimizer = ChosenOptimizer,
        Schedule = new CosineSchedule { WarmupSteps = WarmupSteps, FinalFactor = FinalFactor },
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
    public void Write(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, Format));
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
    public static Preset Read(string name) => Layer.Bind<Preset>(Open(name));

    /// <summary>The settings of a preset as a layer.</summary>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static IConfiguration SettingsOf(string name) => Open(name).GetSection(nameof(Settings));

    private static IConfiguration Open(string name)
    {
        var known = Names.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"There is no preset '{name}'; there are {string.Join(", ", Names)}.");
        return Layer.Read<Preset>(Path.Combine(Folder, $"{known}.json"));
    }
}

/// <summary>Layers of settings, such as configuration files; later ones take precedence.</summary>
internal static class Layer
{
    /// <summary>Reads a configuration file of settings, and checks it.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not JSON, or has an unknown setting or an invalid value.</exception>
    public static IConfiguration Read<T>(string path) where T : new()
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no configuration file '{path}'.", path);
        try
        {
            var layer = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(path)).Build();
            var empty = layer.AsEnumerable()
                .FirstOrDefault(setting => setting.Value is null && !layer.GetSection(setting.Key).GetChildren().Any()).Key;
            if (empty is not null) throw new InvalidDataException($"'{empty}' is null or empty; give it a value, or remove it.");
            if (Unknown(layer, typeof(T)) is { } unknown) throw new InvalidDataException($"There is no setting '{unknown}'.");
            Bind<T>(layer);
            return layer;
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException($"Configuration file '{path}': {fault.GetBaseException().Message}", fault);
        }
        catch (InvalidOperationException fault)
        {
            throw new InvalidDataException($"Configuration file '{path}': {fault.Message}", fault);
        }
    }

    /// <summary>The settings that layers add up to.</summary>
    /// <exception cref="InvalidOperationException">A layer has an invalid value.</exception>
    public static T Bind<T>(params IEnumerable<IConfiguration> layers) where T : new()
    {
        var builder = new ConfigurationBuilder();
        foreach (var layer in layers) builder.AddConfiguration(layer);
        return builder.Build().Get<T>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new T();
    }

    /// <summary>The first setting that a record of settings does not have, or null.</summary>
    private static string? Unknown(IConfiguration layer, Type record)
    {
        foreach (var setting in layer.GetChildren())
        {
            var property = record.GetProperty(setting.Key, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase);
            if (property is not { CanWrite: true }) return setting.Path;
            if (!property.PropertyType.IsArray && Unknown(setting, property.PropertyType) is { } inner) return inner;
        }
        return null;
    }
}
