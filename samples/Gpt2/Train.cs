using System.CommandLine;
using System.Text.Json;
using Focus;
using Samples;
using Spectre.Console;
using static System.FormattableString;

namespace Gpt2Sample;

/// <summary>Trains one model.</summary>
internal static class TrainCommand
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        Option<string> output = new("--out")
        {
            Description = "Folder of settings, metrics (JSON lines, TensorBoard), checkpoints and result", HelpName = "folder", Required = true,
        };
        Option<bool> resume = new("--resume")
        {
            Description = "Resumes from the newest checkpoint in --out; without --preset and --config also with its settings",
        };
        Option<bool> change = new("--override")
        {
            Description = "With --resume: other settings may differ from the run's, but not the model and the kind of optimizer",
        };
        Option<CommunicatorEngine> distributed = new("--distributed")
        {
            Description = "How the processes of a job exchange gradients; auto takes MPI where mpirun or srun has started the program",
        };
        distributed.TakeOnly(Commands.NamesOf(typeof(CommunicatorEngine)));
        Option<double?> timeout = new("--timeout")
        {
            Description = "Seconds that a process waits for the others before the job ends [default: 600]", HelpName = "seconds",
        };
        var command = new Command("train", "Trains a model as a preset or a configuration file says; options change single settings.")
        {
            output, resume, change, distributed, timeout,
        };
        var options = new SettingOptions(command, forOptimizer: true);
        command.Run(
            (parsed, cancellation) =>
            {
                TimeSpan? limit = parsed.GetValue(timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
                using var ranks = Communicator.Open(parsed.GetValue(distributed), limit);
                if (ranks.Rank > 0) KeepSilent();
                var run = new TrainingRun(parsed.GetRequiredValue(output)) { Ranks = ranks };
                var settings = ranks.Together(() =>
                {
                    if (ranks.Rank == 0) run.RequireState(parsed.GetValue(resume), parsed.GetValue(change));
                    var earlier = parsed.GetValue(resume) && File.Exists(run.Settings) ? RunSettings.Open(run.Settings) : null;
                    return options.Read(parsed, earlier);
                });
                Train(run, settings, parsed.GetValue(change), cancellation);
            },
            "interrupted. A checkpoint is written; run the same command with --resume to continue.");
        return command;
    }

    /// <summary>Does a training run with a display of its progress: a bar on a terminal, and a line for each evaluation. Elsewhere there is
    /// a line every half minute instead of the bar.</summary>
    public static T Show<T>(string title, Func<IProgress<Gpt2Progress>, T> run)
    {
        if (AnsiConsole.Profile.Out.IsTerminal)
        {
            return Bars.Show(bars =>
            {
                var bar = bars.Add<Gpt2Progress>(title, value => (
                    value.Step, value.TotalSteps,
                    Invariant($" loss {value.Loss:F3}  rate {value.LearningRate:0.0e0}  {value.TokensPerSecond:N0} tokens/s")));
                return run(new Reporter<Gpt2Progress>(value =>
                {
                    bar.Report(value);
                    if (value.Evaluation is not null) AnsiConsole.WriteLine(Line(title, value));
                }));
            });
        }
        TimeSpan? lastLine = null;
        return run(new Reporter<Gpt2Progress>(value =>
        {
            if (value.Evaluation is null && value.Elapsed - (lastLine ??= value.Elapsed) < LineInterval) return;
            lastLine = value.Elapsed;
            AnsiConsole.WriteLine(Line(title, value));
        }));
    }

    /// <summary>A step on one line.</summary>
    public static string Line(string title, Gpt2Progress value)
    {
        var losses = value.Evaluation switch
        {
            { ValidationLoss: { } validation } both => Invariant($"train {both.TrainLoss:F4}  validation {validation:F4}"),
            { } train => Invariant($"train {train.TrainLoss:F4}"),
            null => Invariant($"loss {value.Loss:F4}"),
        };
        var left = TimeSpan.FromSeconds(Math.Round((value.Elapsed / value.Step * (value.TotalSteps - value.Step)).TotalSeconds));
        return Invariant($"{title}  step {value.Step} of {value.TotalSteps}  {losses}  rate {value.LearningRate:0.0e0}  ")
            + Invariant($"{value.TokensPerSecond:N0} tokens/s  {left:g} left");
    }

    /// <summary>Rank 0 writes for all.</summary>
    private static void KeepSilent()
    {
        Console.SetOut(TextWriter.Null);
        Console.SetError(TextWriter.Null);
        AnsiConsole.Console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(TextWriter.Null) });
    }

    private static void Train(TrainingRun run, RunSettings settings, bool allowChanges, CancellationToken cancellation)
    {
        var changed = allowChanges ? new Reporter<SettingChange>(change => AnsiConsole.WriteLine(change.ToString())) : null;
        var result = Show(settings.Hyperparameters.Name, progress => run.Complete(settings, progress, cancellation, changed));
        if (result.Divergence is { } divergence) throw new InvalidOperationException(divergence);
        AnsiConsole.WriteLine(Invariant($"Train loss       {result.TrainLoss:F4}"));
        if (result.ValidationLoss is { } last) AnsiConsole.WriteLine(Invariant($"Validation loss  {last:F4}"));
        if (result.BestValidationLoss is { } best) AnsiConsole.WriteLine(Invariant($"Lowest so far    {best:F4}"));
        AnsiConsole.WriteLine($"Model            {Gpt2Checkpoint.Newest(run.Checkpoints)}");
        AnsiConsole.WriteLine($"Metrics          {run.Metrics}, {Path.Combine(run.Folder, "tensorboard")} (TensorBoard)");
    }
}

/// <summary>A training run and its folder.</summary>
internal sealed record TrainingRun(string Folder)
{
    /// <summary>The processes that train together; of them rank 0 has the folder.</summary>
    public Communicator Ranks { get; init; } = Communicator.Open(CommunicatorEngine.None);

    /// <summary>All settings; a configuration file for the same run again.</summary>
    public string Settings => Path.Combine(Folder, "settings.json");

    /// <summary>The metrics of each step, as lines of JSON.</summary>
    public string Metrics => Path.Combine(Folder, "metrics.jsonl");

    public string Checkpoints => Path.Combine(Folder, "checkpoints");

    /// <summary>The result; it is written when the run is over.</summary>
    public string Result => Path.Combine(Folder, "result.json");

    /// <summary>Checks that the folder holds a run where one is to be resumed, and none where one is to be begun.</summary>
    /// <exception cref="ArgumentException">It does not.</exception>
    public void RequireState(bool resume, bool change)
    {
        var newest = Gpt2Checkpoint.Newest(Checkpoints);
        if (resume && newest is null) throw new ArgumentException($"There is no checkpoint in '{Checkpoints}' to resume from.");
        if (!resume && newest is not null)
            throw new ArgumentException($"'{Folder}' holds a run ({Path.GetFileName(newest)}); give --resume to continue it, or another --out.");
        if (change && newest is null) throw new ArgumentException($"--override changes the settings of a run; there is none in '{Folder}'.");
    }

    /// <summary>Trains from the start, or from the folder's newest checkpoint on.</summary>
    /// <param name="settings">The run's settings.</param>
    /// <param name="progress">Receives the progress of every step.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <param name="changed">Receives the settings that are no longer the checkpoint's; null where all must be the same.</param>
    /// <exception cref="ArgumentException">The run's folder is that of the tokens, whose description it would replace.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled; it left a checkpoint.</exception>
    public RunResult Complete(
        RunSettings settings, IProgress<Gpt2Progress> progress, CancellationToken cancellation, IProgress<SettingChange>? changed = null)
    {
        if (Path.GetRelativePath(settings.Data, Folder) == ".") throw new ArgumentException($"'{Folder}' is --data; name another folder for --out.");
        var isFirst = Ranks.Rank == 0;
        using var data = Ranks.Together(() => TrainingData.Open(settings));
        if (data.Doubt is { } doubt) Console.Error.WriteLine($"Gpt2 train: {doubt}");
        using var model = Ranks.Together(() => CreateModel(settings, data));
        var described = false;
        Ranks.Together(() =>
        {
            // A checkpoint that does not fit the settings is refused before the first report; until then the folder stays as it was.
            if (isFirst && Gpt2Checkpoint.Newest(Checkpoints) is null) Describe();
        });
        var options = settings.Training() with
        {
            CheckpointFolder = Checkpoints,
            MetricsFile = Metrics,
            TensorBoardFolder = Path.Combine(Folder, "tensorboard"),
            Resume = true,
            AllowChanges = changed is not null,
            Changed = changed,
            Progress = new Reporter<Gpt2Progress>(value =>
            {
                if (!described) Describe();
                progress.Report(value);
            }),
            CancellationToken = cancellation,
            Distributed = Ranks,
        };
        var result = Train(model, options, data);
        if (isFirst) result.Write(Result);
        return result;

        void Describe()
        {
            AtomicFile.DeleteLeftovers(Folder, "*.json");
            settings.WithModel(model.Config).Write(Settings);
            data.CopyMetadata(Folder);
            described = true;
        }
    }

    /// <summary>Checks that a run can start.</summary>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    /// <exception cref="FileNotFoundException">There are no tokens.</exception>
    public static void Validate(RunSettings settings)
    {
        settings.Validate();
        using var data = TrainingData.Open(settings);
        settings.Model(data.VocabularySize).Validate();
    }

    /// <summary>A fresh model, or one with the weights to start from; those of a checkpoint take their place.</summary>
    private Gpt2 CreateModel(RunSettings settings, TrainingData data)
    {
        if (settings.InitFrom is not { } path) return new Gpt2(settings.Model(data.VocabularySize), settings.Seed);
        using var start = TrainedModel.Load(Gpt2Checkpoint.Newest(Checkpoints) ?? path);
        var (tokens, needed) = (start.Network.Config.VocabularySize, data.Corpus.VocabularySize);
        if (tokens < needed)
            throw new ArgumentException($"--init-from: the model in '{path}' has {tokens} tokens; expected at least the {needed} of '{settings.Data}'.");
        var model = new Gpt2(start.Network.Config with { Dropout = settings.Dropout });
        model.load_state_dict(start.Network.state_dict());
        return model;
    }

    private static RunResult Train(Gpt2 model, Gpt2TrainingOptions options, TrainingData data)
    {
        try
        {
            var result = new Gpt2Training(model, options).Run(data.Train, data.Validation);
            if (result.Cancelled) throw new OperationCanceledException(options.CancellationToken);
            return new(result.Steps, result.Evaluation?.TrainLoss, result.Evaluation?.ValidationLoss, result.BestValidationLoss, Divergence: null);
        }
        catch (TrainingDivergedException divergence)
        {
            return new(divergence.Step, null, null, null, divergence.Message);
        }
    }
}

/// <summary>The result of a run that is over.</summary>
/// <param name="Steps">The steps it took.</param>
/// <param name="TrainLoss">The last evaluation's loss on training data; null where the run diverged.</param>
/// <param name="ValidationLoss">The same on validation data, where there are any.</param>
/// <param name="BestValidationLoss">The lowest of all evaluations.</param>
/// <param name="Divergence">Why it could not continue; null where it reached its last step.</param>
internal sealed record RunResult(long Steps, double? TrainLoss, double? ValidationLoss, double? BestValidationLoss, string? Divergence)
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The last loss; infinite where the run diverged.</summary>
    public double FinalLoss() => ValidationLoss ?? TrainLoss ?? double.PositiveInfinity;

    /// <exception cref="InvalidDataException">The file is not a result.</exception>
    public static RunResult Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<RunResult>(File.ReadAllText(path), Format) ?? throw new JsonException("It is null.");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"'{path}' is not the result of a run; delete it to repeat the run. {fault.Message}", fault);
        }
    }

    public void Write(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, Format));
}

/// <summary>The tokens of a folder that <c>prepare</c>, or nanoGPT, has written.</summary>
internal sealed record TrainingData(PreparedCorpus Corpus, TokenFile Train, TokenFile? Validation, int VocabularySize) : IDisposable
{
    /// <summary>The file that describes the tokens; nanoGPT's folders have none.</summary>
    public const string MetadataName = "meta.json";

    /// <summary>Why the tokens may not be of the vocabulary; null where nothing speaks against it.</summary>
    public string? Doubt => Train.SampleLargestId() is var largest && largest < VocabularySize / 2
        ? $"warning: the largest id found in '{Train.Name}' is {largest}, far below the vocabulary of {VocabularySize}; " +
            "is that the tokens' (--vocabulary-size)?"
        : null;

    /// <exception cref="FileNotFoundException">The folder holds no tokens.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary is smaller than the tokenizer's.</exception>
    public static TrainingData Open(RunSettings settings)
    {
        var (folder, size) = (settings.Data, settings.VocabularySize);
        var train = Path.Combine(folder, "train.bin");
        var isDescribed = File.Exists(Path.Combine(folder, MetadataName));
        if (!isDescribed && !File.Exists(train))
            throw new FileNotFoundException($"There is no train.bin in '{folder}'; make it with the command prepare, or name another --data.", train);
        var corpus = isDescribed ? PreparedCorpus.Open(folder)
            : PreparedCorpus.OfNanoGpt(folder, size == Gpt2Config.Small.VocabularySize ? null : size); // That size is GPT-2's, padded.
        if (size < corpus.VocabularySize)
            throw new ArgumentOutOfRangeException(
                nameof(RunSettings.VocabularySize), size, $"The tokenizer of '{folder}' has {corpus.VocabularySize} tokens; expected at least as many.");
        return new(corpus, corpus.OpenTrain(), corpus.OpenValidation(), size ?? Padded(corpus.VocabularySize));
    }

    /// <summary>Writes the description of the tokens to another folder.</summary>
    public void CopyMetadata(string folder) => Corpus.Write(folder);

    public void Dispose()
    {
        Train.Dispose();
        Validation?.Dispose();
    }

    /// <summary>GPT-2's vocabulary is padded, which makes matrix products faster; others stay as they are.</summary>
    private static int Padded(int vocabularySize) => vocabularySize == Gpt2Tokens.Count ? Gpt2Config.Small.VocabularySize : vocabularySize;
}
