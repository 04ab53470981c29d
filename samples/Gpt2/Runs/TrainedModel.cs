using Focus;
using Microsoft.ML;
using Microsoft.ML.Tokenizers;

namespace Gpt2Sample;

/// <summary>A model to use, from whatever holds one, and what its tokens mean.</summary>
/// <param name="Network">The model.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Corpus">The corpus that says what the tokens mean; null where they are GPT-2's.</param>
internal sealed record TrainedModel(Gpt2 Network, Tokenizer Tokenizer, PreparedCorpus? Corpus) : IDisposable
{
    /// <summary>What <see cref="Load"/> takes.</summary>
    public const string Places = "A run's folder, a checkpoint, an exported or Hugging Face folder, or an ML.NET .zip";

    private const string WeightsName = "model.safetensors", HuggingFaceName = "config.json";

    /// <summary>How many of the model's tokens have a text.</summary>
    public int TokenCount => Tokenizer is CharacterTokenizer characters ? characters.Count : Gpt2Tokens.Count;

    /// <summary>The token that ends a text; null where the vocabulary has none.</summary>
    public int? EndOfText => Tokenizer is CharacterTokenizer ? null : Gpt2Tokens.EndOfText;

    /// <exception cref="FileNotFoundException">There is no model.</exception>
    /// <exception cref="InvalidDataException">The file is no model, or damaged.</exception>
    public static TrainedModel Load(string path)
    {
        if (Path.GetExtension(path) == ".zip" && File.Exists(path)) return LoadPipeline(path);
        if (File.Exists(Path.Combine(path, HuggingFaceName))) return Describe(HuggingFaceGpt2.Load(path), path);
        var file = Directory.Exists(path) ? FileIn(path) : path;
        if (!File.Exists(file)) throw new FileNotFoundException($"There is no model at '{path}'; expected: {Places}.", path);
        var network = IsCheckpoint(file) ? Gpt2Checkpoint.LoadModel(file) : Gpt2Files.Load(file);
        return Describe(network, Path.GetDirectoryName(Path.GetFullPath(file))!);
    }

    /// <summary>Writes the model to a folder, as transformers or as nanoGPT names its weights.</summary>
    public void Export(string folder, bool asHuggingFace, TrainingPrecision precision)
    {
        var type = precision switch
        {
            TrainingPrecision.BFloat16 => TorchSharp.torch.ScalarType.BFloat16,
            TrainingPrecision.Float16 => TorchSharp.torch.ScalarType.Float16,
            _ => TorchSharp.torch.ScalarType.Float32,
        };
        if (asHuggingFace) HuggingFaceGpt2.Save(Network, folder, type);
        else Gpt2Files.Save(Network, Path.Combine(folder, WeightsName), type);
        Corpus?.Write(folder);
    }

    public void Dispose() => Network.Dispose();

    /// <summary>A run's checkpoint with the lowest validation loss, otherwise the newest; or what <see cref="Export"/> wrote.</summary>
    private static string? FileIn(string path)
    {
        var run = new RunFolder(path).Checkpoints;
        var folder = Directory.Exists(run) ? run : path;
        var best = Path.Combine(folder, Gpt2Checkpoint.BestName);
        return Array.Find([best, Gpt2Checkpoint.Newest(folder), Path.Combine(folder, WeightsName)], File.Exists);
    }

    private static bool IsCheckpoint(string file)
    {
        var name = Path.GetFileName(file);
        return name == Gpt2Checkpoint.BestName || name.StartsWith("step-", StringComparison.Ordinal);
    }

    private static TrainedModel LoadPipeline(string path)
    {
        var mlContext = new MLContext();
        var model = mlContext.Model.Load(path, out _);
        var parts = model as IEnumerable<ITransformer> ?? [model];
        var network = parts.OfType<Gpt2Transformer>().FirstOrDefault()?.Network
            ?? throw new InvalidDataException($"'{path}' holds a pipeline without a GPT-2.");
        return parts.OfType<TokenizingTransformer>().FirstOrDefault()?.Tokenizer is CharacterTokenizer characters
            ? new(network, characters, PreparedCorpus.Of(NamedTokenizer.Characters(characters)))
            : new(network, Gpt2Tokenizer(), Corpus: null);
    }

    /// <summary>Adds the tokenizer that is described beside the model, or beside its folder.</summary>
    private static TrainedModel Describe(Gpt2 network, string folder)
    {
        string[] places = [folder, Path.GetDirectoryName(Path.GetFullPath(folder)) ?? folder];
        var described = Array.Find(places, place => File.Exists(Path.Combine(place, TrainingData.MetadataName)));
        if (described is null) return new(network, Gpt2Tokenizer(), Corpus: null);
        var corpus = PreparedCorpus.Open(described);
        return new(network, corpus.CreateTokenizer().Tokenizer as CharacterTokenizer ?? (Tokenizer)Gpt2Tokenizer(), corpus);
    }

    /// <summary>In a prompt, unlike in a corpus, <c>&lt;|endoftext|&gt;</c> is the token that ends a document.</summary>
    private static TiktokenTokenizer Gpt2Tokenizer() => TiktokenTokenizer.CreateForModel("gpt2");
}
