namespace Focus;

/// <summary>The settings of a <see cref="Gpt2Training"/>; the defaults are the paper's runs (arXiv:2501.12243, section 4) on one
/// device.</summary>
/// <remarks><see cref="TrainingRunOptions.BatchSize"/> counts the sequences of a micro-batch, each of the model's block size; a step takes
/// BatchSize × <see cref="AccumulationSteps"/> of them.</remarks>
public record Gpt2TrainingOptions : TrainingRunOptions
{
    private readonly LearningRateSchedule? schedule;

    /// <summary>The defaults: FOCUS with η 6e-4, β1 0.9, β2 0.99, γ 0.2, ω 0.2; 40 micro-batches of 12 sequences; evaluations every 1000
    /// steps.</summary>
    public Gpt2TrainingOptions()
        : base(new FocusOptions { LearningRate = 6e-4, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 0.2 }, batchSize: 12)
        => EvaluationInterval = 1000;

    /// <summary>How the learning rate changes over the run; by default a linear warm-up over the first 2 % of the steps, then a cosine down
    /// to 0.05.</summary>
    public override LearningRateSchedule Schedule
    {
        get => schedule ?? new CosineSchedule { WarmupSteps = MaxSteps / 50, FinalFactor = 0.05 };
        init => schedule = value;
    }

    /// <summary>Whether the schedule follows the length of the run.</summary>
    internal bool HasDefaultSchedule => schedule is null;

    /// <summary>The length of the run in steps, ≥ 1.</summary>
    public long MaxSteps { get; init; } = 100_000;

    /// <summary>Micro-batches per step, ≥ 1: the step follows the mean of their gradients.</summary>
    public int AccumulationSteps { get; init; } = 40;

    /// <summary>The largest global norm of the gradients, above 0; larger ones are scaled down to it. Null for no clipping.</summary>
    public double? ClipNorm { get; init; } = 1.0;

    /// <summary>In which type the model computes.</summary>
    public TrainingPrecision Precision { get; init; } = TrainingPrecision.Float32;

    /// <summary>Random micro-batches per evaluation of each split, ≥ 1.</summary>
    public int EvaluationBatches { get; init; } = 200;

    /// <summary>Where checkpoints are kept, or null for none.</summary>
    /// <remarks>The newest few are <c>step-000001000.safetensors</c> and so on, the one with the lowest validation loss is
    /// <c>best.safetensors</c>; see <see cref="Gpt2Checkpoint"/>.</remarks>
    public string? CheckpointFolder { get; init; }

    /// <summary>Steps between checkpoints, ≥ 0; the last step, and one after which the run is cancelled, are always followed by one.</summary>
    public long CheckpointInterval { get; init; } = 1000;

    /// <summary>How many of the newest checkpoints are kept, ≥ 1; the best is kept besides.</summary>
    public int CheckpointsKept { get; init; } = 2;

    /// <summary>Whether to continue from the newest checkpoint in <see cref="CheckpointFolder"/>, where there is one. Otherwise a folder with
    /// checkpoints in it is refused.</summary>
    /// <remarks>On the CPU the continued run equals an uninterrupted one to the last bit. All settings that bear on the outcome must be as they
    /// were; only <see cref="MaxSteps"/> may be changed, and a schedule that depends on it follows. An evaluation that a cancellation cut off is
    /// made first, and its step reported once more. Where the newest checkpoint is damaged, the error says which one comes before it.</remarks>
    public bool Resume { get; init; }

    /// <summary>A file that receives every step's <see cref="Gpt2Progress"/> as a line of JSON, or null.</summary>
    /// <remarks>A new run replaces the file; a continued one keeps its lines up to the checkpoint and appends.</remarks>
    public string? MetricsFile { get; init; }

    /// <summary>A folder that receives every step's <see cref="Gpt2Progress"/> for TensorBoard, or null.</summary>
    public string? TensorBoardFolder { get; init; }

    /// <summary>Is told of every step.</summary>
    public IProgress<Gpt2Progress>? Progress { get; init; }

    /// <summary>The device's peak speed in floating-point operations per second, above 0, for <see cref="Gpt2Progress.ModelFlopsUtilization"/>:
    /// 312e12 for an A100 in bfloat16, as in nanoGPT. Null leaves the share out.</summary>
    public double? PeakFlops { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireAtLeast(1, MaxSteps);
        RequireAtLeast(1, AccumulationSteps);
        RequireAtLeast(1, EvaluationBatches);
        RequireAtLeast(0, CheckpointInterval);
        RequireAtLeast(1, CheckpointsKept);
        RequirePositive(ClipNorm, nameof(ClipNorm));
        RequirePositive(PeakFlops, nameof(PeakFlops));
        if (!Enum.IsDefined(Precision))
            throw new ArgumentOutOfRangeException(
                nameof(Precision),
                $"{nameof(Precision)} is {Precision}; it must be one of {string.Join(", ", Enum.GetNames<TrainingPrecision>())}.");
        if (Resume && CheckpointFolder is null)
            throw new ArgumentException($"{nameof(Resume)} is set, but no {nameof(CheckpointFolder)} to resume from.", nameof(Resume));
        Schedule.Validate(MaxSteps);
    }

    private static void RequirePositive(double? value, string name)
    {
        if (value is { } number && !(double.IsFinite(number) && number > 0))
            throw new ArgumentOutOfRangeException(name, $"{name} is {number}; it must be finite and above 0, or null.");
    }
}
