using Focus;

namespace Gpt2Sample;

/// <summary>The runs of the paper, and small ones for a CPU.</summary>
internal static class Presets
{
    /// <summary>The figures of the paper that show GPT-2 runs, and which these are; figure 8 is figure 3c over time.</summary>
    public static IReadOnlyDictionary<string, string[]> Figures { get; } = new Dictionary<string, string[]>
    {
        ["3a"] = ["paper-signum-6e-4", "paper-signum-1e-4", "paper-focus-6e-4"],
        ["3b"] = ["paper-adamw-6e-4", "paper-adamw-3e-4", "paper-adamw-1e-4", "paper-focus-6e-4"],
        ["3c"] = ["paper-adamw-6e-4-bfloat16", "paper-adamw-1e-4", "paper-focus-6e-4"],
        ["3d"] = ["paper-adamw-6e-4", "paper-focus-6e-4", "paper-focus-6e-4-50k", "paper-focus-1e-3-20k"],
        ["7"] = ["paper-adamw-6e-4-decay-0.2"],
        ["8"] = ["paper-adamw-6e-4-bfloat16", "paper-adamw-1e-4", "paper-focus-6e-4"],
    };

    /// <summary>Small sizes without the paper's specialities, as nanoGPT trains them.</summary>
    private static readonly RunSettings Small = new()
    {
        ScaleAttentionByInverseLayerIndex = false,
        AccumulationSteps = 1,
        WarmupSteps = 100,
        FinalFactor = 0.1,
        Precision = TrainingPrecision.Float32,
        EvaluationInterval = 250,
        CheckpointInterval = 250,
        Focus = new() { LearningRate = 1e-3, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 0.1 },
        Signum = new() { LearningRate = 1e-3, WeightDecay = 0.1 },
        AdamW = new() { LearningRate = 1e-3, Beta2 = 0.99, WeightDecay = 0.1 },
        Device = "cpu",
    };

    private static readonly RunSettings Characters = Small with
    {
        Data = "data/shakespeare-char", Layers = 4, Heads = 4, Width = 128, BlockSize = 64, BatchSize = 12, Steps = 2000,
    };

    private static readonly RunSettings Paper = new(), PaperAdamW = Paper.With(OptimizerKind.AdamW);

    /// <summary>All presets.</summary>
    public static IReadOnlyList<Preset> All { get; } =
    [
        PaperRun("paper-focus-6e-4", "3a-3d, 8", Paper),
        PaperRun("paper-focus-6e-4-50k", "3d", Paper with { Steps = 50_000 }),
        PaperRun("paper-focus-1e-3-20k", "3d", Paper.With(OptimizerKind.Focus, 1e-3) with { Steps = 20_000 }),
        PaperRun("paper-signum-6e-4", "3a", Paper.With(OptimizerKind.Signum)),
        PaperRun("paper-signum-1e-4", "3a", Paper.With(OptimizerKind.Signum, 1e-4)),
        PaperRun("paper-adamw-6e-4", "3b, 3d", PaperAdamW),
        PaperRun("paper-adamw-3e-4", "3b", Paper.With(OptimizerKind.AdamW, 3e-4)),
        PaperRun("paper-adamw-1e-4", "3b, 3c, 8", Paper.With(OptimizerKind.AdamW, 1e-4)),
        PaperRun("paper-adamw-6e-4-bfloat16", "3c, 8", PaperAdamW with { Precision = TrainingPrecision.BFloat16 }),
        PaperRun("paper-adamw-6e-4-decay-0.2", "7", PaperAdamW with { AdamW = Paper.AdamW with { WeightDecay = 0.2 } }),
        new("shakespeare-char", "Tiny Shakespeare by characters, nanoGPT's setting for a CPU (1.88 there)", Characters),
        new("shakespeare-char-full", "Tiny Shakespeare by characters, nanoGPT's setting for a GPU (1.4697 there)", Characters with
        {
            Layers = 6, Heads = 6, Width = 384, BlockSize = 256, BatchSize = 64, Steps = 5000, Dropout = 0.2,
        }),
        new("bpe-small", "A small GPT-2 on byte pairs, for texts of some megabytes and a CPU", Small with
        {
            Data = "data/text-bpe", Layers = 4, Heads = 4, Width = 128, BlockSize = 128, BatchSize = 8, Steps = 2000,
            EvaluationBatches = 50,
        }),
    ];

    /// <summary>All names, for messages.</summary>
    public static string Names => string.Join(", ", All.Select(preset => preset.Name));

    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static Preset Find(string name) =>
        All.FirstOrDefault(preset => preset.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"There is no preset '{name}'; there are {Names}.");

    private static Preset PaperRun(string name, string figures, RunSettings settings) =>
        new(name, $"GPT-2 small on OpenWebText: figure {figures} of the paper", settings);
}
