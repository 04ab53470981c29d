using System.CommandLine;
using Focus;
using Microsoft.ML;
using Microsoft.ML.Tokenizers;
using Samples;
using static TorchSharp.torch;

namespace Gpt2Sample;

/// <summary>Generates text with a model.</summary>
internal static class SampleCommand
{
    public static Command Create()
    {
        var defaults = new GenerationOptions();
        Option<string> model = new("--model") { Description = TrainedModel.Places, HelpName = "path", Required = true };
        Option<string> prompt = new("--prompt") { Description = "The text to continue", DefaultValueFactory = _ => "\n" };
        Option<int> tokens = new("--tokens") { Description = "The most tokens to generate", DefaultValueFactory = _ => defaults.MaxTokens };
        Option<double> temperature = new("--temperature")
        {
            Description = "Below 1 likely tokens become likelier; 0 always takes the likeliest", DefaultValueFactory = _ => 0.8,
        };
        Option<int?> topK = new("--top-k") { Description = "How many of the likeliest tokens to choose among [default: all]", HelpName = "count" };
        Option<double> topP = new("--top-p")
        {
            Description = "The share of probability to choose among, the likeliest first", DefaultValueFactory = _ => defaults.TopP,
        };
        Option<long?> seed = new("--seed") { Description = "Equal seeds give equal texts [default: a different one each time]", HelpName = "number" };
        var command = new Command("sample", "Generates text with a trained model.") { model, prompt, tokens, temperature, topK, topP, seed };
        command.Run((parsed, cancellation) =>
        {
            using var trained = TrainedModel.Load(parsed.GetRequiredValue(model));
            Write(trained, parsed.GetRequiredValue(prompt), new GenerationOptions
            {
                MaxTokens = parsed.GetValue(tokens),
                Temperature = parsed.GetValue(temperature),
                TopK = parsed.GetValue(topK),
                TopP = parsed.GetValue(topP),
                Seed = parsed.GetValue(seed),
                TokenCount = trained.TokenCount,
                StopToken = trained.EndOfText,
                CancellationToken = cancellation,
            });
        });
        return command;
    }

    /// <summary>The tokens of a prompt.</summary>
    /// <exception cref="ArgumentException">It has none, or a character that the tokenizer does not know.</exception>
    public static IReadOnlyList<int> Encode(Tokenizer tokenizer, string prompt)
    {
        if (prompt.Length == 0) throw new ArgumentException("--prompt is empty; give at least one character to continue.");
        try
        {
            return tokenizer.EncodeToIds(prompt);
        }
        catch (ArgumentException fault)
        {
            throw new ArgumentException(fault.Message, nameof(prompt), fault);
        }
    }

    private static void Write(TrainedModel trained, string prompt, GenerationOptions options)
    {
        options.Validate();
        var start = Encode(trained.Tokenizer, prompt);
        Console.Write(prompt);
        var pending = new List<int>();
        foreach (var token in trained.Network.Generate(start, options))
        {
            pending.Add(token);
            var text = trained.Tokenizer.Decode(pending);
            if (text.EndsWith('\uFFFD')) continue; // The bytes of a character may be spread over several tokens.
            Console.Write(text);
            pending.Clear();
        }
        Console.WriteLine(pending.Count > 0 ? trained.Tokenizer.Decode(pending) : "");
    }
}

/// <summary>Writes a model for other programs.</summary>
internal static class ExportCommand
{
    private const string HuggingFace = "huggingface", NanoGpt = "safetensors";

    public static Command Create()
    {
        Option<string> model = new("--model") { Description = TrainedModel.Places, HelpName = "path", Required = true };
        Option<string> output = new("--to") { Description = "The folder to write to", HelpName = "folder", Required = true };
        Option<string> format = new("--format")
        {
            Description = "Files that transformers loads as GPT-2, or one file with nanoGPT's names", DefaultValueFactory = _ => HuggingFace,
        };
        format.TakeOnly(HuggingFace, NanoGpt);
        Option<TrainingPrecision> precision = new("--precision")
        {
            Description = "The type of the weights", DefaultValueFactory = _ => TrainingPrecision.Float32,
        };
        precision.TakeOnly(Commands.NamesOf(typeof(TrainingPrecision)));
        var command = new Command("export", "Writes a trained model in a format that other programs read.") { model, output, format, precision };
        command.Run((parsed, _) =>
        {
            var folder = parsed.GetRequiredValue(output);
            using var trained = TrainedModel.Load(parsed.GetRequiredValue(model));
            var type = parsed.GetValue(precision) switch
            {
                TrainingPrecision.BFloat16 => ScalarType.BFloat16,
                TrainingPrecision.Float16 => ScalarType.Float16,
                _ => ScalarType.Float32,
            };
            if (parsed.GetValue(format) == HuggingFace) HuggingFaceGpt2.Save(trained.Network, folder, type);
            else Gpt2Files.Save(trained.Network, Path.Combine(folder, TrainedModel.WeightsName), type);
            trained.Corpus?.Write(folder);
            Console.WriteLine($"Model: {folder}");
        });
        return command;
    }
}

/// <summary>A trained model, whatever file or folder holds it, with its tokenizer.</summary>
/// <param name="Network">The model.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Corpus">The corpus that describes the tokens; null where they are GPT-2's.</param>
internal sealed record TrainedModel(Gpt2 Network, Tokenizer Tokenizer, PreparedCorpus? Corpus) : IDisposable
{
    /// <summary>What <see cref="Load"/> accepts.</summary>
    public const string Places = "A run's folder, a checkpoint, an exported or Hugging Face folder, or an ML.NET .zip";

    public const string WeightsName = "model.safetensors";

    /// <summary>How many of the model's tokens have a text.</summary>
    public int TokenCount => Tokenizer is CharacterTokenizer characters ? characters.Count : Gpt2Tokens.Count;

    /// <summary>The token that ends a text; null where the vocabulary has none.</summary>
    public int? EndOfText => Tokenizer is CharacterTokenizer ? null : Gpt2Tokens.EndOfText;

    /// <exception cref="FileNotFoundException">There is no model.</exception>
    /// <exception cref="InvalidDataException">The file is not a model, or is damaged.</exception>
    public static TrainedModel Load(string path)
    {
        if (Path.GetExtension(path) == ".zip" && File.Exists(path)) return LoadPipeline(path);
        if (File.Exists(Path.Combine(path, "config.json"))) return WithTokenizer(HuggingFaceGpt2.Load(path), [path]);
        var file = Directory.Exists(path) ? FileIn(path) : path;
        if (!File.Exists(file)) throw new FileNotFoundException($"There is no model at '{path}'; expected: {Places}.", path);
        var name = Path.GetFileName(file);
        var isCheckpoint = name == Gpt2Checkpoint.BestName || name.StartsWith("step-", StringComparison.Ordinal);
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        return isCheckpoint
            ? WithTokenizer(Gpt2Checkpoint.LoadModel(file), [folder, Path.GetDirectoryName(folder) ?? folder]) // A run's folder has its description.
            : WithTokenizer(Gpt2Files.Load(file), [folder]);
    }

    public void Dispose() => Network.Dispose();

    /// <summary>The checkpoint of a run with the lowest validation loss, otherwise the newest; or exported weights.</summary>
    private static string? FileIn(string path)
    {
        var run = new TrainingRun(path).Checkpoints;
        var folder = Directory.Exists(run) ? run : path;
        string?[] places = [Path.Combine(folder, Gpt2Checkpoint.BestName), Gpt2Checkpoint.Newest(folder), Path.Combine(folder, WeightsName)];
        return Array.Find(places, File.Exists);
    }

    private static TrainedModel LoadPipeline(string path)
    {
        var model = new MLContext().Model.Load(path, out _);
        var parts = model as IEnumerable<ITransformer> ?? [model];
        var network = parts.OfType<Gpt2Transformer>().FirstOrDefault()?.Network
            ?? throw new InvalidDataException($"'{path}' holds a pipeline without a GPT-2.");
        return parts.OfType<TokenizingTransformer>().FirstOrDefault()?.Tokenizer is CharacterTokenizer characters
            ? new(network, characters, PreparedCorpus.Of(NamedTokenizer.Characters(characters)))
            : new(network, Gpt2Tokenizer(), Corpus: null);
    }

    /// <summary>Adds the tokenizer that is described in the first of these folders that describes one; GPT-2's where none does.</summary>
    private static TrainedModel WithTokenizer(Gpt2 network, string[] places)
    {
        var described = Array.Find(places, place => File.Exists(Path.Combine(place, TrainingData.MetadataName)));
        if (described is null) return new(network, Gpt2Tokenizer(), Corpus: null);
        var corpus = PreparedCorpus.Open(described);
        return new(network, corpus.CreateTokenizer().Tokenizer as CharacterTokenizer ?? (Tokenizer)Gpt2Tokenizer(), corpus);
    }

    /// <summary>In a prompt, unlike in a corpus, <c>&lt;|endoftext|&gt;</c> is the token that ends a document.</summary>
    private static TiktokenTokenizer Gpt2Tokenizer() => TiktokenTokenizer.CreateForModel("gpt2");
}
