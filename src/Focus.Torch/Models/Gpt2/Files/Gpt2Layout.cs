namespace Focus;

/// <summary>The tensors of a <see cref="Gpt2"/> as files name them.</summary>
internal static class Gpt2Layout
{
    /// <summary>The head's weights, which a model with a tied head need not have.</summary>
    public const string Head = "lm_head.weight";

    /// <summary>The token embedding, which a tied head equals.</summary>
    public const string TokenEmbedding = $"{Prefix}wte.weight";

    private const string Prefix = "transformer.";

    /// <summary>Finds a configuration of more layers than there are tensors before memory is taken for the names of theirs.</summary>
    /// <exception cref="InvalidDataException">It is one.</exception>
    public static void RequireLayers(Gpt2Config config, int tensors)
    {
        if (tensors < config.Layers)
            throw new InvalidDataException($"Expected the tensors of {config.Layers} layers, found {tensors} tensors.");
    }

    /// <summary>The names and shapes of a model's state, in nanoGPT's naming.</summary>
    public static Dictionary<string, long[]> Shapes(Gpt2Config config)
    {
        long width = config.Width;
        var shapes = new Dictionary<string, long[]> { [TokenEmbedding] = [config.VocabularySize, width], [$"{Prefix}wpe.weight"] = [config.BlockSize, width] };
        for (var layer = 0; layer < config.Layers; layer++)
        {
            var block = $"{Prefix}h.{layer}.";
            Add($"{block}ln_1", [width]);
            Add($"{block}attn.c_attn", [3 * width, width]);
            Add($"{block}attn.c_proj", [width, width]);
            Add($"{block}ln_2", [width]);
            Add($"{block}mlp.c_fc", [4 * width, width]);
            Add($"{block}mlp.c_proj", [width, 4 * width]);
        }
        Add($"{Prefix}ln_f", [width]);
        if (!config.TiedHead) shapes[Head] = [config.VocabularySize, width];
        return shapes;

        void Add(string layer, long[] weight)
        {
            shapes[$"{layer}.weight"] = weight;
            if (config.Bias) shapes[$"{layer}.bias"] = [weight[0]];
        }
    }

    /// <summary>The model's name of a tensor in a file, or null for what is no parameter: the causal masks that older models kept as
    /// buffers. Files saved from the model without its head lack the prefix.</summary>
    public static string? OwnName(string fileName)
        => fileName.EndsWith(".attn.bias", StringComparison.Ordinal) || fileName.EndsWith(".attn.masked_bias", StringComparison.Ordinal) ? null
            : fileName == Head || fileName.StartsWith(Prefix, StringComparison.Ordinal) ? fileName
            : Prefix + fileName;

    /// <summary>Whether a tensor is the weight of one of a block's linear layers.</summary>
    public static bool IsLinearWeight(string name)
        => name.EndsWith(".c_attn.weight", StringComparison.Ordinal)
            || name.EndsWith(".c_proj.weight", StringComparison.Ordinal)
            || name.EndsWith(".c_fc.weight", StringComparison.Ordinal);
}
