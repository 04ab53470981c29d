using static System.FormattableString;
using static TorchSharp.torch;

namespace Focus;

/// <summary>What every training run needs to know: optimizer, schedule, batch size, seed, device.</summary>
public abstract record TrainingRunOptions
{
    private protected TrainingRunOptions(OptimizerSettings optimizer, int batchSize) => (Optimizer, BatchSize) = (optimizer, batchSize);

    /// <summary>The optimizer and its hyperparameters; by default FOCUS as in the paper's runs of the same kind.</summary>
    public OptimizerSettings Optimizer { get; init; }

    /// <summary>How the learning rate changes over the run; by default it does not.</summary>
    public virtual LearningRateSchedule Schedule { get; init; } = new ConstantSchedule();

    /// <summary>Rows of a batch, ≥ 1.</summary>
    public int BatchSize { get; init; }

    /// <summary>The seed of the initial weights and the data order. If null, ML.NET trainers draw one from the context and other code uses
    /// 0.</summary>
    /// <remarks>On the CPU equal seeds give equal runs, bit for bit, with as many threads on the same kind of processor; others sum in another
    /// order.</remarks>
    public int? Seed { get; init; }

    /// <summary>Where to train: <c>cpu</c>, <c>cuda</c>, or <c>cuda:1</c> and so on.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Steps between evaluations, ≥ 0; the last step is always followed by one, and with 0 it is the only one.</summary>
    public long EvaluationInterval { get; init; }

    /// <summary>Stops the run. GPT-2 training stops between micro-batches and discards the unfinished step; classifier training stops after
    /// the current step, or on the way through an evaluation. What was trained so far is kept.</summary>
    public CancellationToken CancellationToken { get; init; }

    private protected virtual bool HasSchedule => Schedule is not ConstantSchedule;

    /// <summary>Checks the options that do not depend on the data.</summary>
    /// <exception cref="ArgumentNullException">There is no optimizer or no schedule.</exception>
    /// <exception cref="ArgumentOutOfRangeException">One is out of range; the message names it, its value and the range.</exception>
    /// <exception cref="ArgumentException">There is no such device, or the optimizer is one without a schedule.</exception>
    public virtual void Validate()
    {
        ArgumentNullException.ThrowIfNull(Optimizer);
        ArgumentNullException.ThrowIfNull(Schedule);
        Optimizer.Validate();
        if (Optimizer.HasAverage && HasSchedule)
            throw new ArgumentException(
                $"{Optimizer.Name} needs no schedule but its own warm-up; {nameof(Schedule)} is {Schedule.GetType().Name}, expected {nameof(ConstantSchedule)}.",
                nameof(Schedule));
        Check.AtLeast(1, BatchSize);
        Check.AtLeast(0, EvaluationInterval);
        TorchDevice.Require(Device);
    }
}

/// <summary>The settings of a classifier's training run.</summary>
public record TrainingOptions : TrainingRunOptions
{
    /// <summary>The defaults: FOCUS as in the paper's MNIST runs (η 1e-3, β1 0.9, β2 0.99, γ 0.2, ω 1e-2), 64 rows a step.</summary>
    public TrainingOptions() : base(new FocusOptions { LearningRate = 1e-3, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 1e-2 }, batchSize: 64)
    {
    }

    /// <summary>The most steps to take, ≥ 1, or null for as many as <see cref="Epochs"/> asks for.</summary>
    public long? MaxSteps { get; init; }

    /// <summary>The most passes over the data, ≥ 1, or null for as many as <see cref="MaxSteps"/> asks for; where both are null,
    /// 10.</summary>
    /// <remarks>Each pass shuffles the rows anew and leaves out the last few that do not fill a batch.</remarks>
    public int? Epochs { get; init; }

    /// <summary>Receives the progress of every step; null for none.</summary>
    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.AtLeast(1, MaxSteps);
        Check.AtLeast(1, Epochs);
        if (MaxSteps is { } steps) Schedule.Validate(steps);
    }

    /// <summary>The length of a run over data of <paramref name="rows"/> rows.</summary>
    internal long StepsFor(long rows)
    {
        if (rows < BatchSize)
            throw new ArgumentException($"{nameof(BatchSize)} is {BatchSize}, but the data has {rows} rows; a batch can have at most {rows}.");
        var epochs = Epochs ?? (MaxSteps is null ? 10 : null);
        var steps = epochs * (rows / BatchSize);
        return Math.Min(steps ?? long.MaxValue, MaxSteps ?? long.MaxValue);
    }
}

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
        get => schedule ?? (Optimizer.HasAverage ? new ConstantSchedule() : new CosineSchedule { WarmupSteps = MaxSteps / 50, FinalFactor = 0.05 });
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
    /// were, but for <see cref="MaxSteps"/>, which a schedule may follow, and what <see cref="AllowChanges"/> allows. An evaluation that a cancellation cut off is
    /// made first, and its step reported once more. Where the newest checkpoint is damaged, the error says which one comes before it.</remarks>
    public bool Resume { get; init; }

    /// <summary>Whether to resume with other settings than the checkpoint's: another learning rate or other real numbers of the same optimizer,
    /// schedule, batch size, clipping, precision, seed or data. The model and the optimizer's choices, counts and sizes stay.</summary>
    /// <remarks>Checkpoints from then on tell of the changes (<see cref="Gpt2Checkpoint.ChangesOf"/>).</remarks>
    public bool AllowChanges { get; init; }

    /// <summary>Receives each setting that is no longer the checkpoint's, before the first step; null for none.</summary>
    public IProgress<SettingChange>? Changed { get; init; }

    /// <summary>A file that receives every step's <see cref="Gpt2Progress"/> as a line of JSON, or null.</summary>
    /// <remarks>A new run replaces the file; a continued one keeps its lines up to the checkpoint and appends.</remarks>
    public string? MetricsFile { get; init; }

    /// <summary>A folder that receives every step's <see cref="Gpt2Progress"/> for TensorBoard, or null.</summary>
    public string? TensorBoardFolder { get; init; }

    /// <summary>Receives the progress of every step; null for none.</summary>
    public IProgress<Gpt2Progress>? Progress { get; init; }

    /// <summary>The processes to train on together, or null for this one alone; the caller disposes of it.</summary>
    /// <remarks>
    /// <para>Each process, or rank, takes BatchSize sequences of a micro-batch of BatchSize × <see cref="Communicator.Size"/>: the run equals that of one
    /// process with the larger batch, up to rounding, and may be resumed by another number of processes with as large a micro-batch in all. What is
    /// dropped out or sampled does depend on the number.</para>
    /// <para>Files and reports are rank 0's alone, and so are the checkpoints that all resume from. Where one rank is cancelled or fails, all do. The
    /// device <c>cuda</c> stands for the visible GPU with the number <see cref="Communicator.LocalRank"/>.</para>
    /// </remarks>
    public Communicator? Distributed { get; init; }

    /// <summary>The device's peak speed in floating-point operations per second, above 0, for <see cref="Gpt2Progress.ModelFlopsUtilization"/>:
    /// 312e12 for an A100 in bfloat16, as in nanoGPT. Null leaves the share out.</summary>
    public double? PeakFlops { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.AtLeast(1, MaxSteps);
        Check.AtLeast(1, AccumulationSteps);
        Check.AtLeast(1, EvaluationBatches);
        Check.AtLeast(0, CheckpointInterval);
        Check.AtLeast(1, CheckpointsKept);
        Check.Positive(ClipNorm);
        Check.Positive(PeakFlops);
        Check.Defined(Precision);
        if (Precision != TrainingPrecision.Float32 && Optimizer.Curvature.Kind == CurvatureKind.HessianDiagonal)
            throw new ArgumentException(
                $"{Optimizer.Name} compares gradients at near points, for which {Precision} is too coarse; expected {TrainingPrecision.Float32}.",
                nameof(Precision));
        if (Resume && CheckpointFolder is null)
            throw new ArgumentException($"{nameof(Resume)} is set, but no {nameof(CheckpointFolder)} to resume from.", nameof(Resume));
        Schedule.Validate(MaxSteps);
    }

    /// <summary>The options of this rank of a job: its own GPU, and files and reports for rank 0 alone.</summary>
    internal Gpt2TrainingOptions OfRank(Communicator communicator)
    {
        if (communicator.Size == 1) return this;
        var options = Device == "cuda" ? this with { Device = $"cuda:{OwnGpu(communicator)}" } : this;
        return communicator.Rank == 0 ? options : options with
        {
            CheckpointFolder = null, MetricsFile = null, TensorBoardFolder = null, Progress = null, Changed = null,
        };
    }

    /// <summary>Launchers show a process all GPUs of its machine, or only its own.</summary>
    private static int OwnGpu(Communicator communicator) => communicator.LocalRank % Math.Max(1, cuda.device_count());
}

/// <summary>A training run whose loss, or the gradient of it, is no longer a finite number.</summary>
public sealed class TrainingDivergedException : ArithmeticException
{
    private const string Remedy = "A smaller learning rate or a warm-up usually helps; check the data for extreme values, too.";

    /// <summary>A run whose loss is not finite.</summary>
    /// <param name="step">The step, counted from 1, whose loss it was.</param>
    /// <param name="loss">The loss: NaN or infinite.</param>
    public TrainingDivergedException(long step, double loss) : this(step, loss, Invariant($"the loss is {loss}"))
    {
    }

    private TrainingDivergedException(long step, double loss, string what) : base($"Training diverged: {what} at step {step}. {Remedy}")
        => (Step, Loss) = (step, loss);

    /// <summary>The step, counted from 1.</summary>
    public long Step { get; }

    /// <summary>The step's loss: NaN or infinite, unless only its gradient or the update was.</summary>
    public double Loss { get; }

    /// <summary>A run whose loss is finite, but where something else of the step is not.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="loss">The step's loss.</param>
    /// <param name="norm">What is not finite, such as <c>gradient norm</c>.</param>
    internal static TrainingDivergedException OfNorm(long step, double loss, string norm)
        => new(step, loss, Invariant($"the {norm} is not finite (the loss was {loss})"));
}
