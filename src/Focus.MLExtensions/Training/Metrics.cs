using System.Buffers.Binary;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Google.Protobuf;
using Tensorboard;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The state of a GPT-2 training run after a step.</summary>
public sealed record Gpt2Progress
{
    /// <summary>The number of steps taken, ≥ 1.</summary>
    public required long Step { get; init; }

    /// <summary>The length of the run in steps.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>The mean loss of the step's micro-batches before the update, in nats per token.</summary>
    public required double Loss { get; init; }

    /// <summary>The learning rate of the step (of the first parameter group).</summary>
    public required double LearningRate { get; init; }

    /// <summary>The global norm of the gradients before clipping, or null where they overflowed in float16 and the step was
    /// skipped.</summary>
    public required double? GradientNorm { get; init; }

    /// <summary>The share of the steps so far whose gradients were clipped, in [0, 1].</summary>
    public required double ClippedShare { get; init; }

    /// <summary>How many steps so far were skipped because gradients overflowed in float16.</summary>
    public required long SkippedSteps { get; init; }

    /// <summary>The factor of the step's loss in float16; null otherwise.</summary>
    public required double? LossScale { get; init; }

    /// <summary>The tokens that the step took per second, evaluations and checkpoints not counted.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>The share of <see cref="Gpt2TrainingOptions.PeakFlops"/> that the model's own operations make up (MFU); null where no peak is
    /// given.</summary>
    /// <remarks>A token takes 6·N + 12·L·H·Q·T operations forward and backward (Chowdhery et al. 2022, PaLM, appendix B), with N parameters
    /// without the position embedding, L layers, H heads of size Q and blocks of T tokens.</remarks>
    public required double? ModelFlopsUtilization { get; init; }

    /// <summary>The time since the run began, evaluations, checkpoints and the parts before it was resumed included.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The evaluation after the step, where there was one.</summary>
    public Gpt2Evaluation? Evaluation { get; init; }
}

/// <summary>What is measured every <see cref="TrainingRunOptions.EvaluationInterval"/> steps.</summary>
/// <param name="TrainLoss">The mean loss of random batches of the training data, in nats per token.</param>
/// <param name="ValidationLoss">The same of the validation data, where there is any.</param>
/// <param name="ParameterNorm">The Euclidean norm of all parameters.</param>
/// <param name="MomentumNorm">The Euclidean norm of the optimizer's momentum; null for an optimizer without one, or of TorchSharp.</param>
public sealed record Gpt2Evaluation(double TrainLoss, double? ValidationLoss, double ParameterNorm, double? MomentumNorm);

/// <summary>Writes each step to the metrics file, TensorBoard and the progress callback.</summary>
internal sealed class Gpt2Metrics : IDisposable
{
    private readonly Gpt2TrainingOptions options;
    private readonly double tokensPerStep, flopsPerTokenAndDevice;
    private readonly JsonLinesMetrics? jsonLines;
    private readonly TensorBoardMetrics? tensorBoard;

    /// <summary>Opens the files that the options name, to continue after a step, or for a new run after step 0.</summary>
    public Gpt2Metrics(Gpt2 model, Gpt2TrainingOptions options, long step)
    {
        this.options = options;
        var devices = options.Distributed?.Size ?? 1;
        tokensPerStep = (double)options.BatchSize * devices * options.AccumulationSteps * model.Config.BlockSize;
        flopsPerTokenAndDevice = FlopsPerToken(model) / devices;
        jsonLines = options.MetricsFile is { } file ? new JsonLinesMetrics(file, step) : null;
        try
        {
            tensorBoard = options.TensorBoardFolder is { } folder ? new TensorBoardMetrics(folder, step) : null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Operations forward and backward, by the formula in <see cref="Gpt2Progress.ModelFlopsUtilization"/>.</summary>
    public static double FlopsPerToken(Gpt2 model)
    {
        var config = model.Config;
        // Looking up an embedding takes no operations, unless it is the output head as well.
        var lookedUp = (double)config.Width * (config.BlockSize + (config.TiedHead ? 0 : config.VocabularySize));
        var parameters = model.parameters().Sum(parameter => parameter.numel()) - lookedUp;
        return 6 * parameters + 12.0 * config.Layers * config.Width * config.BlockSize; // The heads' sizes add up to the width.
    }

    public void Write(Gpt2RunState state, Gpt2StepOutcome outcome, double learningRate, bool hasLossScale)
    {
        var tokensPerSecond = tokensPerStep / state.Duration.TotalSeconds;
        var progress = new Gpt2Progress
        {
            Step = state.Step,
            TotalSteps = options.MaxSteps,
            Loss = outcome.Loss,
            LearningRate = learningRate,
            GradientNorm = outcome.GradientNorm,
            ClippedShare = (double)state.ClippedSteps / state.Step,
            SkippedSteps = state.SkippedSteps,
            LossScale = hasLossScale ? outcome.LossScale : null,
            TokensPerSecond = tokensPerSecond,
            ModelFlopsUtilization = flopsPerTokenAndDevice * tokensPerSecond / options.PeakFlops,
            Elapsed = state.Elapsed,
            Evaluation = state.Evaluation,
        };
        jsonLines?.Write(progress);
        tensorBoard?.Write(progress);
        options.Progress?.Report(progress);
    }

    public void Dispose()
    {
        jsonLines?.Dispose();
        tensorBoard?.Dispose();
    }
}

/// <summary>The Euclidean norm of many tensors taken together.</summary>
internal static class GlobalNorm
{
    /// <summary>The norm; infinite or NaN where an element is. Shorter types than float32 are summed in float32.</summary>
    public static double Of(IEnumerable<Tensor> tensors)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor[] norms = [.. tensors.Select(tensor => tensor.to(ScalarType.Float32).norm())];
        return norms.Length == 0 ? 0 : stack(norms).norm().ToDouble();
    }

    /// <summary>The norm of parameters, which a run that has not diverged has.</summary>
    /// <exception cref="TrainingDivergedException">It is infinite or NaN after the step and its loss.</exception>
    public static double OfFinite(IEnumerable<Tensor> parameters, long step, double loss)
        => Of(parameters) is var norm && double.IsFinite(norm) ? norm : throw TrainingDivergedException.OfNorm(step, loss, "parameters' norm");
}

internal sealed class JsonLinesMetrics : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new SecondsConverter() },
    };

    private readonly FileStream stream;

    /// <summary>Opens a file to continue after a step: what it holds of later steps, and a last line cut short, is removed.</summary>
    public JsonLinesMetrics(string path, long step)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        stream = new FileStream(path, step == 0 ? FileMode.Create : FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            stream.SetLength(LengthUpTo(step));
            stream.Seek(0, SeekOrigin.End);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public void Write(Gpt2Progress step)
    {
        stream.Write([.. JsonSerializer.SerializeToUtf8Bytes(step, Json), (byte)'\n']);
        stream.Flush(); // A reader sees whole lines.
    }

    public void Dispose() => stream.Dispose();

    /// <summary>How many bytes the lines up to a step take. A last line without an end does not count.</summary>
    private long LengthUpTo(long step)
    {
        var (length, number) = (0L, 0);
        foreach (var line in WholeLines())
        {
            if (StepOf(line, ++number) > step) break;
            length += line.Length;
        }
        return length;
    }

    /// <summary>The bytes of each line, its end included; without a last one that is cut short.</summary>
    private IEnumerable<byte[]> WholeLines()
    {
        var line = new List<byte>();
        for (var next = stream.ReadByte(); next >= 0; next = stream.ReadByte())
        {
            line.Add((byte)next);
            if (next != '\n') continue;
            yield return [.. line];
            line.Clear();
        }
    }

    private long StepOf(byte[] line, int number)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.GetProperty("step").GetInt64();
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException(
                $"'{stream.Name}', line {number}: expected the metrics of a step as JSON; move the file away, or name another.",
                error);
        }
    }

    /// <summary>Times as a number of seconds.</summary>
    private sealed class SecondsConverter : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
            => TimeSpan.FromSeconds(reader.GetDouble());

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options)
            => writer.WriteNumberValue(value.TotalSeconds);
    }
}

/// <summary>Writes a run's steps to an event file for TensorBoard.</summary>
/// <remarks>A record is the length of its data (8 bytes), a check sum of those, the data (a protocol buffer of type Event), and a check sum of
/// it, all little-endian.</remarks>
internal sealed class TensorBoardMetrics : IDisposable
{
    private static int files;

    private readonly FileStream stream;

    /// <summary>Creates an event file in a folder, to continue after a step, or for a new run after step 0: TensorBoard then ignores later steps
    /// in the folder's earlier files.</summary>
    public TensorBoardMetrics(string folder, long step)
    {
        Directory.CreateDirectory(folder);
        // TensorBoard reads a folder's files in the order of their names.
        var name = $"events.out.tfevents.{DateTimeOffset.UtcNow.ToUnixTimeSeconds():D10}.{Environment.MachineName}.{Environment.ProcessId}";
        var path = Path.Combine(folder, $"{name}.{Interlocked.Increment(ref files)}");
        stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        Write(new Event { FileVersion = "brain.Event:2" });
        Write(new Event { Step = step + 1, SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start } });
    }

    public void Write(Gpt2Progress step)
    {
        var summary = new Summary();
        foreach (var (name, value) in Scalars(step))
            if (value is { } number) summary.Value.Add(new Summary.Types.Value { Tag = name, SimpleValue = (float)number });
        Write(new Event { Step = step.Step, Summary = summary });
    }

    public void Dispose() => stream.Dispose();

    private static IEnumerable<(string Name, double? Value)> Scalars(Gpt2Progress step) =>
    [
        ("training/loss", step.Loss),
        ("training/learning_rate", step.LearningRate),
        ("training/gradient_norm", step.GradientNorm),
        ("training/clipped_share", step.ClippedShare),
        ("training/loss_scale", step.LossScale),
        ("training/skipped_steps", step.LossScale is null ? null : step.SkippedSteps),
        ("speed/tokens_per_second", step.TokensPerSecond),
        ("speed/model_flops_utilization", step.ModelFlopsUtilization),
        ("evaluation/train_loss", step.Evaluation?.TrainLoss),
        ("evaluation/validation_loss", step.Evaluation?.ValidationLoss),
        ("evaluation/parameter_norm", step.Evaluation?.ParameterNorm),
        ("evaluation/momentum_norm", step.Evaluation?.MomentumNorm),
    ];

    private void Write(Event record)
    {
        record.WallTime = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        var data = record.ToByteArray();
        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, data.Length);
        WriteWithCheckSum(length);
        WriteWithCheckSum(data);
        stream.Flush();
    }

    /// <summary>Writes bytes and their CRC-32C, rotated and shifted as the TFRecord format requires.</summary>
    private void WriteWithCheckSum(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data) crc = BitOperations.Crc32C(crc, value);
        Span<byte> sum = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(sum, BitOperations.RotateRight(~crc, 15) + 0xA282EAD8);
        stream.Write(data);
        stream.Write(sum);
    }
}
