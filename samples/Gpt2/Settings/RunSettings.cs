using System.ComponentModel;
using Focus;

namespace Gpt2Sample;

/// <summary>Everything that decides how a training run goes: a configuration file holds it, the command line may change it. The
/// defaults are the paper's FOCUS run (arXiv:2501.12243, section 4).</summary>
/// <remarks>What has a description is an option of the command line under the same name.</remarks>
internal sealed record RunSettings
{
    [Description("Folder of the prepared tokens: train.bin, val.bin, meta.json")]
    public string Data { get; init; } = "data/openwebtext";

    [Description("Transformer blocks")]
    public int Layers { get; init; } = Gpt2Config.Small.Layers;

    [Description("Attention heads of each block")]
    public int Heads { get; init; } = Gpt2Config.Small.Heads;

    [Description("Features of each token")]
    public int Width { get; init; } = Gpt2Config.Small.Width;

    [Description("Tokens of a sequence")]
    public int BlockSize { get; init; } = Gpt2Config.Small.BlockSize;

    [Description("Whether linear layers and layer norms have biases")]
    public bool Bias { get; init; }

    [Description("Whether attention logits are divided by the block's number, too")]
    public bool ScaleAttentionByInverseLayerIndex { get; init; } = true;

    [Description("Share of activations dropped in training")]
    public double Dropout { get; init; }

    [Description("The optimizer: focus, signum or adamw")]
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Focus;

    /// <summary>FOCUS, where it is chosen.</summary>
    public FocusOptions Focus { get; init; } = new() { LearningRate = 6e-4, Beta1 = 0.9, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 0.2 };

    /// <summary>Signum, where it is chosen.</summary>
    public SignumOptions Signum { get; init; } = new() { LearningRate = 6e-4, Beta1 = 0.9, WeightDecay = 0.2 };

    /// <summary>AdamW, where it is chosen.</summary>
    public AdamWOptions AdamW { get; init; } = new() { LearningRate = 6e-4, Beta1 = 0.9, Beta2 = 0.95, WeightDecay = 0.1 };

    [Description("Optimizer steps")]
    public long Steps { get; init; } = 100_000;

    [Description("Sequences of a micro-batch")]
    public int BatchSize { get; init; } = 12;

    [Description("Micro-batches of a step")]
    public int AccumulationSteps { get; init; } = 40;

    [Description("Steps over which the learning rate rises from 0")]
    public long WarmupSteps { get; init; } = 2000;

    [Description("What the cosine leaves of the learning rate at the end, as a share")]
    public double FinalFactor { get; init; } = 0.05;

    [Description("Largest norm of the gradients")]
    public double ClipNorm { get; init; } = 1.0;

    [Description("The type to compute in: float32, bfloat16 or float16")]
    public TrainingPrecision Precision { get; init; } = TrainingPrecision.Float16;

    [Description("Steps between evaluations")]
    public long EvaluationInterval { get; init; } = 1000;

    [Description("Micro-batches of an evaluation")]
    public int EvaluationBatches { get; init; } = 200;

    [Description("Steps between checkpoints")]
    public long CheckpointInterval { get; init; } = 1000;

    [Description("How many of the newest checkpoints are kept, besides the best")]
    public int CheckpointsKept { get; init; } = 2;

    [Description("Seeds weights, data order and dropout")]
    public int Seed { get; init; } = 1;

    [Description("Where to train: cpu, cuda, cuda:1 and so on")]
    public string Device { get; init; } = "cuda";

    /// <summary>The tokens a step takes.</summary>
    public long TokensPerStep => (long)BatchSize * AccumulationSteps * BlockSize;

    /// <summary>The chosen optimizer with its hyperparameters.</summary>
    public OptimizerSettings ChosenOptimizer() => Optimizer switch
    {
        OptimizerKind.Focus => Focus,
        OptimizerKind.Signum => Signum,
        _ => AdamW,
    };

    /// <summary>The same run with another optimizer, at another learning rate where one is given.</summary>
    public RunSettings With(OptimizerKind optimizer, double? learningRate = null) => this with
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
        Optimizer = ChosenOptimizer(),
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
}
