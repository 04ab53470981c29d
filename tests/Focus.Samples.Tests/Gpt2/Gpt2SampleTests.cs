using System.Text.Json;
using Microsoft.ML;

namespace Focus.Samples.Tests;

/// <summary>The sample as its users run it: with arguments, an exit code, output, standard error and files.</summary>
[TestClass]
public class Gpt2SampleTests
{
    private const string Name = "Gpt2";

    /// <summary>A model and a run so small that a step takes a millisecond.</summary>
    private static readonly string[] Tiny =
    [
        "--preset", "shakespeare-char", "--layers", "1", "--heads", "2", "--width", "16", "--block-size", "16", "--batch-size", "4",
        "--evaluation-interval", "3", "--evaluation-batches", "2", "--checkpoint-interval", "3", "--warmup-steps", "2",
    ];

    private readonly string folder = Directory.CreateTempSubdirectory("gpt2").FullName;

    [TestCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void FromTextToAModelThatWrites()
    {
        Prepare();
        Assert.AreEqual(3, Directory.GetFiles(In("data")).Length);

        Succeeds("train", [.. Tiny, "--data", In("data"), "--steps", "4", "--out", In("run")]);
        Assert.AreEqual(4, Metrics("run").Length);
        Assert.IsTrue(File.Exists(In("run", "result.json")));
        Assert.IsTrue(Directory.GetFiles(In("run", "tensorboard")).Length > 0);

        var text = Succeeds("sample", "--model", In("run"), "--prompt", "the ", "--tokens", "40", "--seed", "3");
        StringAssert.StartsWith(text, "the ");
        Assert.AreEqual(4 + 40, text.TrimEnd('\n').Length);
        Assert.AreEqual(text, Succeeds("sample", "--model", In("run"), "--prompt", "the ", "--tokens", "40", "--seed", "3"));
        Assert.AreNotEqual(text, Succeeds("sample", "--model", In("run"), "--prompt", "the ", "--tokens", "40", "--seed", "4"));
    }

    [TestMethod]
    public void AResumedRunEqualsAnUninterruptedOne()
    {
        Prepare();
        string[] run = [.. Tiny, "--data", In("data")];
        Succeeds("train", [.. run, "--steps", "6", "--out", In("whole")]);
        // The schedule of the first part is that of the whole only where it does not depend on the length.
        Succeeds("train", [.. run, "--final-factor", "1", "--steps", "6", "--out", In("constant")]);
        Succeeds("train", [.. run, "--final-factor", "1", "--steps", "3", "--out", In("parts")]);
        Refuses("--resume", "train", [.. run, "--steps", "6", "--out", In("parts")]);
        Succeeds("train", "--resume", "--steps", "6", "--out", In("parts"));
        CollectionAssert.AreEqual(Losses("constant"), Losses("parts"));
        CollectionAssert.AreNotEqual(Losses("whole"), Losses("parts"));
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void AnInterruptedRunIsResumed()
    {
        Prepare();
        string[] run = ["train", .. Tiny, "--data", In("data"), "--steps", "1000000", "--out", In("run")];
        StringAssert.Contains(Sample.Interrupts(Name, "step", run), "--resume");
        var steps = Metrics("run").Length;
        Assert.IsFalse(File.Exists(In("run", "result.json")));
        Succeeds("train", "--resume", "--steps", $"{steps + 2}", "--final-factor", "0.1", "--out", In("run"));
        Assert.AreEqual(steps + 2, Metrics("run").Length);
    }

    [TestMethod]
    public void AResumeThatIsRefusedLeavesTheRunAsItWas()
    {
        Prepare();
        Succeeds("train", [.. Tiny, "--data", In("data"), "--steps", "2", "--out", In("run")]);
        var (settings, tokens) = (File.ReadAllText(In("run", "settings.json")), File.ReadAllText(In("run", "meta.json")));
        Refuses("LearningRate", "train", "--resume", "--learning-rate", "5e-4", "--out", In("run"));

        File.WriteAllText(In("text.txt"), "another text " + File.ReadAllText(In("text.txt")));
        Succeeds("prepare", "--text", In("text.txt"), "--tokenizer", "characters", "--out", In("other"));
        Refuses("another run", "train", "--resume", "--data", In("other"), "--out", In("run"));
        Assert.AreEqual((settings, tokens), (File.ReadAllText(In("run", "settings.json")), File.ReadAllText(In("run", "meta.json"))));

        Succeeds("train", "--resume", "--steps", "3", "--out", In("run"));
        StringAssert.Contains(File.ReadAllText(In("run", "settings.json")), "\"steps\": 3");
    }

    [TestMethod]
    public void ARunIsNotWrittenIntoTheFolderOfItsTokens()
    {
        Prepare();
        foreach (var folder in new[] { In("data"), $"{In("other", "..", "data")}{Path.DirectorySeparatorChar}" })
            Refuses("--out", "train", [.. Tiny, "--data", In("data"), "--steps", "2", "--out", folder]);
        Assert.HasCount(3, Directory.GetFileSystemEntries(In("data")));
    }

    [TestMethod]
    public void WithoutAValidationSetTheLossesAreThoseOfTraining()
    {
        WriteText();
        Succeeds("prepare", "--text", In("text.txt"), "--tokenizer", "characters", "--validation-share", "0", "--out", In("data"));
        var lines = Succeeds("train", [.. Tiny, "--data", In("data"), "--steps", "4", "--out", In("run")]).Split('\n');
        Assert.IsTrue(lines.Any(line => line.Contains("step 4 of 4  train ", StringComparison.Ordinal)));
        Assert.IsFalse(lines.Any(line => line.Contains("validation", StringComparison.OrdinalIgnoreCase)));
    }

    [TestMethod]
    public void OnlyCheckpointsAreReadWithTheTokensOfTheFolderAbove()
    {
        Prepare();
        Succeeds("train", [.. Tiny, "--data", In("data"), "--steps", "2", "--out", In("run")]);
        foreach (var format in new[] { "huggingface", "safetensors" })
        {
            Succeeds("export", "--model", In("run"), "--to", In("data", format), "--format", format);
            File.Delete(In("data", format, "meta.json"));
            using var exported = Gpt2Sample.TrainedModel.Load(In("data", format));
            Assert.IsNull(exported.Corpus, format);
        }
        using var checkpoint = Gpt2Sample.TrainedModel.Load(Gpt2Checkpoint.Newest(In("run", "checkpoints"))!);
        Assert.IsNotNull(checkpoint.Corpus);
    }

    [TestMethod]
    public void ACheckpointIsExported()
    {
        Prepare();
        Succeeds("train", [.. Tiny, "--data", In("data"), "--steps", "2", "--out", In("run")]);
        Succeeds("export", "--model", In("run"), "--to", In("hugging"), "--format", "huggingface", "--precision", "float16");
        var config = JsonDocument.Parse(File.ReadAllText(In("hugging", "config.json"))).RootElement;
        Assert.AreEqual(16, config.GetProperty("n_embd").GetInt32());
        Succeeds("export", "--model", In("run"), "--to", In("plain"), "--format", "safetensors");
        var text = Succeeds("sample", "--model", In("run"), "--prompt", "a", "--tokens", "9", "--seed", "1");
        Assert.AreEqual(text, Succeeds("sample", "--model", In("plain"), "--prompt", "a", "--tokens", "9", "--seed", "1"));
    }

    [TestMethod]
    public void AComparisonTriesRatesThenSeedsAndRepeatsNothing()
    {
        Prepare();
        string[] command =
        [
            .. Tiny, "--data", In("data"), "--steps", "6", "--optimizers", "focus,adamw", "--learning-rates", "1e-3,1e-1", "--seeds", "2",
            "--losses", "9,0.1", "--out", In("both"),
        ];
        StringAssert.Contains(Succeeds("compare", command), "AdamW");
        var table = File.ReadAllLines(In("both", "comparison.csv"));
        // Both rates with the first seed, and the better of them with the second.
        Assert.HasCount(1 + 2 * (2 + 1), table);
        Assert.AreEqual("run,seed,steps,last_loss,best_loss,steps_to_9,seconds_to_9,steps_to_0.1,seconds_to_0.1", table[0]);
        foreach (var line in table.Skip(1))
        {
            // The first evaluation is below 9, none is below 0.1.
            Assert.AreEqual("3", line.Split(',')[5]);
            StringAssert.EndsWith(line, ",,");
        }
        foreach (var file in new[] { "comparison.svg", "comparison.png" }) Assert.IsTrue(File.Exists(In("both", file)), file);

        var written = WriteTimes();
        Succeeds("compare", command);
        CollectionAssert.AreEqual(table, File.ReadAllLines(In("both", "comparison.csv")));
        CollectionAssert.AreEqual(written, WriteTimes());
        Refuses("other settings (dropout: 0 there, 0.1 here)", "compare", [.. command, "--dropout", "0.1"]);
        Refuses("steps: 6 there, 7 here", "compare", Array.ConvertAll(command, argument => argument == "6" ? "7" : argument));

        DateTime[] WriteTimes()
        {
            var files = Directory.GetFiles(In("both", "runs"), "metrics.jsonl", SearchOption.AllDirectories);
            return [.. files.Order().Select(File.GetLastWriteTimeUtc)];
        }
    }

    [TestMethod]
    public void ARunThatIsNamedTwiceIsMadeOnce()
    {
        Prepare();
        string[] command = ["compare", .. Tiny, "--data", In("data"), "--steps", "2", "--out", In("both")];
        Sample.Succeeds(Name, [.. command, "--optimizers", "focus,Focus", "focus:1e-3", "--learning-rates", "1e-3 0.001,1e-2"]);
        var runs = File.ReadAllLines(In("both", "comparison.csv")).Skip(1).Select(line => line.Split(',')[0]).Order().ToArray();
        CollectionAssert.AreEqual(new[] { "focus-0.001", "focus-0.01" }, runs);
    }

    [TestMethod]
    public void AComparisonBeginsOnceAllOfItCanRun()
    {
        Prepare();
        string[] command = [.. Tiny, "--data", In("data"), "--steps", "2", "--optimizers", "focus", "--out", In("both")];
        Refuses("--learning-rates: '-1'", "compare", [.. command, "--learning-rates", "1e-3,-1"]);
        Assert.IsFalse(Directory.Exists(In("both")));
    }

    [TestMethod]
    public void APipelineIsExportedWithItsCharacters()
    {
        WriteText();
        var mlContext = new MLContext();
        var text = mlContext.Focus.Data.LoadText(In("text.txt"));
        var tokenizing = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text");
        var model = tokenizing.Append(mlContext.Focus.Gpt2Pretrainer(new Gpt2Pretrainer.Options
        {
            Model = new() { VocabularySize = tokenizing.Fit(text).TokenCount, Layers = 1, Heads = 1, Width = 8, BlockSize = 8 },
            MaxSteps = 1,
            BatchSize = 1,
            AccumulationSteps = 1,
            EvaluationBatches = 1,
        })).Fit(text);
        mlContext.Model.Save(model, text.Schema, In("model.zip"));

        Succeeds("export", "--model", In("model.zip"), "--to", In("plain"), "--format", "safetensors");
        string[] sample = ["--prompt", "the fox", "--tokens", "9", "--seed", "1"];
        Assert.AreEqual(
            Succeeds("sample", ["--model", In("model.zip"), .. sample]), Succeeds("sample", ["--model", In("plain"), .. sample]));
    }

    [TestMethod]
    public void TextThatIsNoneIsNamed()
    {
        File.WriteAllBytes(In("text.txt"), [.. "abc"u8, 0xFF]);
        string[] prepare = ["--text", In("text.txt"), "--tokenizer", "characters", "--out", In("data")];
        Refuses($"{In("text.txt")}: not UTF-8: found FF at offset 3", "prepare", prepare);
        Refuses($"{In("text.txt")}: not UTF-8: found FF at offset 3", "demo", "--text", In("text.txt"));
        WriteText();
        Succeeds("prepare", prepare);
        Refuses(In("data"), "prepare", prepare);
        Succeeds("prepare", [.. prepare, "--restart"]);
    }

    [TestMethod]
    public void OptionsStandAboveTheFileAndTheFileAboveThePreset()
    {
        Prepare();
        File.WriteAllText(In("config.json"), """
            { "steps": 3, "seed": 7, "optimizer": "AdamW", "hyperparameters": { "adamW": { "beta2": 0.9 } } } // a note
            """);
        string[] changes = ["--config", In("config.json"), "--seed", "8", "--learning-rate", "0.02"];
        Succeeds("train", [.. Tiny, "--data", In("data"), .. changes, "--out", In("run")]);
        var settings = JsonDocument.Parse(File.ReadAllText(In("run", "settings.json"))).RootElement;
        Assert.AreEqual(3, settings.GetProperty("steps").GetInt32());
        Assert.AreEqual(8, settings.GetProperty("seed").GetInt32());
        Assert.AreEqual("adamw", settings.GetProperty("optimizer").GetString());
        var adamW = settings.GetProperty("hyperparameters").GetProperty("adamw");
        Assert.AreEqual(0.9, adamW.GetProperty("beta2").GetDouble());
        Assert.AreEqual(0.1, adamW.GetProperty("weightDecay").GetDouble());
        Assert.AreEqual(0.02, adamW.GetProperty("learningRate").GetDouble());
    }

    [TestMethod]
    [DataRow("lion", "--learning-rate", "3e-4", "--beta2", "0.98", "--schedule", "linear")]
    [DataRow("sgd", "--momentum", "0.95", "--nesterov", "false", "--schedule", "wsd", "--decay-steps", "0", "--final-factor", "0")]
    [DataRow("adam-mini", "--whole-tensors", "--schedule", "cosinerestarts", "--first-cycle", "3", "--cycle-growth", "2")]
    [DataRow("signum", "--schedule", "polynomial", "--power", "2")]
    [DataRow("adamw", "--schedule", "noam", "--learning-rate", "1")]
    [DataRow("AdEMAMix", "--alpha-warmup", "3")]
    [DataRow("adafactor", "--beta1", "0.8", "--schedule", "inversesquareroot")]
    [DataRow("muon", "--scale", "rootmeansquare", "--auxiliary-learning-rate", "1e-3")]
    public void EveryOptimizerTrainsByItsName(string name, params string[] options)
    {
        Prepare();
        Succeeds("train", [.. Tiny, "--data", In("data"), "--steps", "2", "--optimizer", name, .. options, "--out", In("run")]);
        var settings = JsonDocument.Parse(File.ReadAllText(In("run", "settings.json"))).RootElement;
        Assert.AreEqual(name.ToLowerInvariant(), settings.GetProperty("optimizer").GetString());
        Assert.AreEqual(name.ToLowerInvariant(), settings.GetProperty("hyperparameters").EnumerateObject().Single().Name);
        Assert.HasCount(2, Metrics("run"));
        Succeeds("train", "--resume", "--steps", "2", "--out", In("run"));
    }

    [TestMethod]
    public void AnOptimizersOptionsAreInTheSettingsOfItsRun()
    {
        Prepare();
        string[] options =
            ["--optimizer", "muon", "--scale", "rootmeansquare", "--bfloat16", "--auxiliary-learning-rate", "1e-3", "--iterations", "3"];
        Succeeds("train", [.. Tiny, "--data", In("data"), "--steps", "2", .. options, "--out", In("run")]);
        var expected = new MuonOptions { Scale = MatrixScale.RootMeanSquare, BFloat16 = true, Iterations = 3 };
        var run = Gpt2Sample.RunSettings.Of(Gpt2Sample.RunSettings.Open(In("run", "settings.json")));
        Assert.AreEqual(expected with { Auxiliary = expected.Auxiliary with { LearningRate = 1e-3 } }, run.Hyperparameters);
    }

    [TestMethod]
    public void ARunGoesOnWithAnotherRateWhereThatIsAskedFor()
    {
        Prepare();
        string[] start = [.. Tiny, "--data", In("data"), "--steps", "2", "--out", In("run")];
        Refuses("--override", "train", [.. start, "--override"]);
        Succeeds("train", start);
        string[] faster = ["--resume", "--steps", "4", "--learning-rate", "0.05", "--out", In("run")];
        Refuses("Optimizer", "train", faster);
        StringAssert.Contains(Succeeds("train", [.. faster, "--override"]), "After step 2, Optimizer changed from");
        Assert.HasCount(4, Metrics("run"));
        StringAssert.Contains(File.ReadAllText(In("run", "settings.json")), "0.05");
    }

    [TestMethod]
    public void ARunStartsFromTheWeightsOfAnotherModel()
    {
        Prepare();
        Succeeds("train", [.. Tiny, "--data", In("data"), "--steps", "2", "--out", In("first")]);
        // With a learning rate of 0 the weights stay as they are.
        string[] start = ["--preset", "shakespeare-char", "--device", "cpu", "--data", In("data"), "--steps", "1", "--learning-rate", "0", "--warmup-steps", "0"];
        string[] from = [.. start, "--batch-size", "2", "--evaluation-batches", "1", "--init-from", In("first"), "--out", In("second")];
        Refuses("--layers", "train", [.. from, "--layers", "3"]);
        Succeeds("train", from);
        CollectionAssert.AreEqual(Weights("first"), Weights("second"));
        var settings = JsonDocument.Parse(File.ReadAllText(In("second", "settings.json"))).RootElement;
        Assert.AreEqual(1, settings.GetProperty("layers").GetInt32());

        Directory.Delete(In("first"), recursive: true); // The run goes on from its own checkpoint.
        Succeeds("train", "--resume", "--steps", "2", "--out", In("second"));
        Assert.HasCount(2, Metrics("second"));

        byte[] Weights(string run)
        {
            Succeeds("export", "--model", In(run), "--to", In(run, "model"), "--format", "safetensors");
            return File.ReadAllBytes(In(run, "model", "model.safetensors"));
        }
    }

    [TestMethod]
    public void SettingsOfAnEarlierVersionAreRefused()
    {
        Prepare();
        Succeeds("train", [.. Tiny, "--data", In("data"), "--steps", "2", "--out", In("run")]);
        File.WriteAllText(In("run", "settings.json"), """{ "optimizer": "Focus", "focus": { "learningRate": 0.001 } }""");
        Refuses("'focus'; an optimizer's section belongs in 'hyperparameters', as 'hyperparameters:focus'", "train", "--resume", "--out", In("run"));
    }

    [TestMethod]
    public void AComparisonTakesRatesOfItsOptimizers()
    {
        Prepare();
        // No warm-up, which the schedule-free optimizer would refuse.
        string[] tiny = [.. Tiny.SkipLast(2), "--config", In("config.json"), "--data", In("data")];
        File.WriteAllText(In("config.json"), """{ "warmupSteps": 0 }""");
        Succeeds("compare", [.. tiny, "--steps", "2", "--optimizers", "lion:3e-4,Adam-Mini,focus:2e-3,schedule-free-adamw", "--out", In("all")]);
        var runs = File.ReadAllLines(In("all", "comparison.csv")).Skip(1).Select(line => line.Split(',')[0]).ToArray();
        CollectionAssert.AreEqual(new[] { "lion-0.0003", "adam-mini-0.001", "focus-0.002", "schedulefreeadamw-0.0025" }, runs);
        var picture = File.ReadAllText(In("all", "comparison.svg"));
        foreach (var name in new[] { "Lion, rate 0.0003", "Adam-mini, rate 0.001", "FOCUS, rate 0.002", "ScheduleFreeAdamW, rate 0.0025" })
            StringAssert.Contains(picture, name);
    }

    [TestMethod]
    public void AllOptimizersAreListed()
    {
        var list = Succeeds("optimizers");
        foreach (var optimizer in Optimizers.All) StringAssert.Contains(list, optimizer.Name.ToLowerInvariant());
        StringAssert.Contains(list, "--curvature-interval=10");
    }

    [TestMethod]
    [DataRow(3)]
    [DataRow(10)]
    public void TheDemoComparesThreeOptimizersAndWrites(int steps)
    {
        WriteText();
        var output = Succeeds("demo", "--text", In("text.txt"), "--prompt", "the ", "--steps", $"{steps}");
        string[] expected =
        [
            $"FOCUS  step {steps} of {steps}", $"Signum  step {steps} of {steps}", $"AdamW  step {steps} of {steps}", "┴",
            "validation loss",
        ];
        foreach (var part in expected) StringAssert.Contains(output, part);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("the Z")]
    public void TheDemoChecksItsPromptBeforeItTrains(string prompt)
    {
        WriteText();
        Assert.AreEqual("", Refuses("--prompt", "demo", "--text", In("text.txt"), "--prompt", prompt, "--steps", "1"));
    }

    [TestMethod]
    [DataRow("--prompt", "--prompt", "")]
    [DataRow("--prompt", "--prompt", "the Z")]
    [DataRow("--top-k is 0", "--prompt", "the", "--top-k", "0")]
    public void NothingIsWrittenForAWrongPromptOrOption(string hint, params string[] options)
    {
        Prepare();
        Succeeds("train", [.. Tiny, "--data", In("data"), "--steps", "2", "--out", In("run")]);
        Assert.AreEqual("", Refuses(hint, "sample", ["--model", In("run"), .. options]));
    }

    [TestMethod]
    [DataRow("--seed needs --split documents", "--text", "text.txt", "--tokenizer", "characters", "--seed", "1")]
    [DataRow("--seed needs --split documents", "--text", "text.txt", "--split", "tail", "--seed", "1")]
    [DataRow("--per-line needs --text", "--openwebtext", "text.txt", "--per-line")]
    [DataRow("--tokenizer is words; valid is gpt2, characters.", "--text", "text.txt", "--tokenizer", "words")]
    [DataRow("--split is 7; valid is documents, tail.", "--text", "text.txt", "--split", "7")]
    [DataRow("--split is half; valid is documents, tail.", "--text", "text.txt", "--split", "half")]
    public void OptionsOfPrepareThatDoNotApplyAreRefused(string hint, string input, string file, params string[] options)
    {
        WriteText();
        Refuses(hint, "prepare", [input, In(file), .. options, "--out", In("data")]);
        Assert.IsFalse(Directory.Exists(In("data")));
    }

    [TestMethod]
    public void WithoutACommandHelpIsNamed() => Sample.Refuses(Name, "--help");

    [TestMethod]
    [DataRow("shakespeare-char", "train", "--preset", "shakespear")]
    [DataRow("--preset", "train")]
    [DataRow("train.bin", "train", "--preset", "shakespeare-char", "--data", "nowhere")]
    [DataRow("nowhere.json", "train", "--config", "nowhere.json")]
    [DataRow("gamma", "train", "--preset", "shakespeare-char", "--optimizer", "adamw", "--gamma", "0.1")]
    [DataRow("has --learning-rate, --weight-decay, --beta1, --beta2.", "train", "--preset", "shakespeare-char", "--optimizer", "lion", "--rho", "1")]
    [DataRow("--optimizer is nolion; valid is focus, ", "train", "--preset", "shakespeare-char", "--optimizer", "nolion")]
    [DataRow("--auxiliary-beta1 is 2", "train", "--preset", "shakespeare-char", "--optimizer", "muon", "--auxiliary-beta1", "2")]
    [DataRow("--scale is 9", "train", "--preset", "shakespeare-char", "--optimizer", "muon", "--scale", "9")]
    [DataRow("--warmup-steps is not a setting of rex", "train", "--preset", "shakespeare-char", "--schedule", "rex", "--warmup-steps", "3")]
    [DataRow("--schedule is 99; valid is cosine, ", "train", "--preset", "shakespeare-char", "--schedule", "99")]
    [DataRow("--schedule: ScheduleFreeAdamW", "train", "--preset", "shakespeare-char", "--optimizer", "schedulefreeadamw", "--schedule", "rex")]
    [DataRow("--decay-steps is 5000", "train", "--preset", "shakespeare-char", "--schedule", "wsd", "--decay-steps", "5000")]
    [DataRow("--steps", "train", "--preset", "shakespeare-char", "--steps", "many")]
    [DataRow("3a", "compare", "--figure", "9z")]
    [DataRow("'nolion'", "compare", "--preset", "shakespeare-char", "--optimizers", "focus,nolion")]
    [DataRow("--optimizers: '-1'", "compare", "--preset", "shakespeare-char", "--optimizers", "lion:-1")]
    [DataRow("'7'", "compare", "--preset", "shakespeare-char", "--optimizers", "7")]
    [DataRow("--optimizers", "compare", "--preset", "shakespeare-char", "--optimizers", "")]
    [DataRow("--losses: 'x'", "compare", "--preset", "shakespeare-char", "--losses", "3 x")]
    [DataRow("--learning-rates", "compare", "--preset", "shakespeare-char", "--optimizers", "lion:1e-3", "--learning-rates", "1e-3")]
    [DataRow("'--learning-rate 1'", "compare", "--preset", "shakespeare-char", "--learning-rate", "1")]
    [DataRow("'NaN'", "compare", "--preset", "shakespeare-char", "--learning-rates", "NaN")]
    [DataRow("--optimizers", "compare", "--figure", "3a", "--optimizers", "focus")]
    [DataRow("--learning-rates", "compare", "--figure", "3a", "--learning-rates", "1e-3")]
    [DataRow("--learning-rate is NaN", "train", "--preset", "shakespeare-char", "--learning-rate", "NaN")]
    [DataRow("--precision is 9", "train", "--preset", "shakespeare-char", "--precision", "9")]
    [DataRow("--optimizer is empty", "train", "--preset", "shakespeare-char", "--optimizer", "")]
    [DataRow("with schedulefreeadamw", "compare", "--preset", "bpe-small", "--optimizers", "lion,schedulefreeadamw", "--warmup-steps", "1")]
    [DataRow("--final-factor is not a setting of noam", "train", "--preset", "shakespeare-char", "--schedule", "noam", "--final-factor", "0.1")]
    [DataRow("has --warmup-steps, --power, --final-factor.", "train", "--preset", "bpe-small", "--schedule", "polynomial", "--first-cycle", "9")]
    [DataRow("--first-cycle is 3; valid", "train", "--preset", "shakespeare-char", "--schedule", "cosinerestarts", "--first-cycle", "3")]
    [DataRow("--optimizer is 7", "train", "--preset", "shakespeare-char", "--optimizer", "7")]
    [DataRow("--steps is 0", "train", "--preset", "shakespeare-char", "--steps", "0")]
    public void WrongInputIsOneLine(string hint, string command, params string[] arguments) =>
        Refuses(hint, command, [.. arguments, "--out", In("none")]);

    [TestMethod]
    public void AWrongFileIsOneLine()
    {
        File.WriteAllText(In("config.json"), """{ "hyperparameters": { "focus": null } }""");
        Refuses($"'{In("config.json")}': 'hyperparameters:focus' is null", "train", "--config", In("config.json"), "--out", In("none"));
    }

    [TestMethod]
    public void AnUnknownPrecisionIsOneLine() =>
        Refuses("--precision is 9; valid is float32, ", "export", "--model", In("none"), "--to", In("to"), "--precision", "9");

    [TestMethod]
    public void NoModelIsOneLine() => Refuses(In("none"), "sample", "--model", In("none"), "--prompt", "a");

    private void Prepare()
    {
        WriteText();
        Succeeds("prepare", "--text", In("text.txt"), "--tokenizer", "characters", "--out", In("data"));
    }

    private void WriteText() =>
        File.WriteAllLines(In("text.txt"), Enumerable.Range(0, 400).Select(i => $"the {i % 7} foxes and the {i % 5} dogs"));

    private string[] Metrics(string run) => File.ReadAllLines(In(run, "metrics.jsonl"));

    private double[] Losses(string run) =>
        [.. Metrics(run).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];

    private static string Succeeds(string command, params string[] arguments) => Sample.Succeeds(Name, [command, .. arguments]);

    private static string Refuses(string hint, string command, params string[] arguments) =>
        Sample.Refuses(Name, hint, [command, .. arguments]);

    private string In(params string[] path) => Path.Combine([folder, .. path]);
}
