using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Focus;
using Microsoft.Extensions.Configuration;
using Samples;

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
    Noam,
    Polynomial,
    CosineRestarts,
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
    [Description("A model to start from, which brings its own sizes: what sample --model takes")] public string? InitFrom { get; init; }
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
    [Description("How the learning rate changes: cosine, linear, constant, wsd, rex, inversesquareroot, step, onecycle, noam, polynomial or "
        + "cosinerestarts [default: cosine; constant with schedulefreeadamw]")]
    public ScheduleKind? Schedule { get; init; }
    [Description("Steps over which the learning rate rises, from 0; in each cycle of cosinerestarts")] public long WarmupSteps { get; init; } = 2000;
    [Description("Share of the learning rate that the schedule ends at")] public double FinalFactor { get; init; } = 0.05;
    [Description("Steps of decay at the end of schedule wsd [default: a tenth of the run]")] public long? DecaySteps { get; init; }
    [Description("Power of the remaining share of the run, for schedule polynomial")] public double Power { get; init; } = 1;
    [Description("Steps of the first cycle of schedule cosinerestarts [default: a quarter of the run]")] public long? FirstCycle { get; init; }
    [Description("How many times as long as the cycle before each cycle of cosinerestarts is")] public double CycleGrowth { get; init; } = 1;
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
        ScheduleKind.Noam => new NoamSchedule { Width = Width, WarmupSteps = WarmupSteps },
        ScheduleKind.Polynomial => new PolynomialSchedule { WarmupSteps = WarmupSteps, Power = Power, FinalFactor = FinalFactor },
        ScheduleKind.CosineRestarts => new CosineRestartsSchedule
        {
            WarmupSteps = WarmupSteps, FirstCycle = FirstCycle ?? Steps / 4, CycleGrowth = CycleGrowth, FinalFactor = FinalFactor,
        },
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
        var name = OptimizerNames.Find(settings.Optimizer) is { } known
            ? OptimizerNames.Of(known)
            : throw new ArgumentException($"{nameof(Optimizer)} is {settings.Optimizer}; valid is {OptimizerNames.All}.", nameof(Optimizer));
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

    /// <summary>These settings with the sizes and choices of a model.</summary>
    public RunSettings WithModel(Gpt2Config model) => this with
    {
        BlockSize = model.BlockSize,
        Layers = model.Layers,
        Heads = model.Heads,
        Width = model.Width,
        Bias = model.Bias,
        ScaleAttentionByInverseLayerIndex = model.ScaleAttentionByInverseLayerIndex,
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
    public void Write(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, Json(), Format));

    /// <summary>The settings in which another run differs from this one, each with both values.</summary>
    public string[] DifferencesFrom(RunSettings other)
    {
        var (mine, others) = (Flat(), other.Flat());
        return
        [
            .. from setting in mine.Keys.Union(others.Keys)
               let here = mine.GetValueOrDefault(setting, "none")
               let there = others.GetValueOrDefault(setting, "none")
               where here != there
               select $"{setting}: {there} there, {here} here",
        ];
    }

    private JsonNode Json()
    {
        var settings = JsonSerializer.SerializeToNode(this, Format)!;
        settings[NamedOptimizers.Section] = new JsonObject
        {
            [Optimizer] = JsonSerializer.SerializeToNode(Hyperparameters, Hyperparameters.GetType(), Format),
        };
        return settings;
    }

    /// <summary>The values by the settings' paths, such as hyperparameters:focus:beta1.</summary>
    private Dictionary<string, string> Flat()
    {
        using var json = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(Json(), Format));
        return new ConfigurationBuilder().AddJsonStream(json).Build().AsEnumerable()
            .Where(setting => setting.Value is not null).ToDictionary(setting => setting.Key, setting => setting.Value!);
    }
}
