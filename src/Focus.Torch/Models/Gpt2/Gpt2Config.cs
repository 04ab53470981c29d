namespace Focus;

/// <summary>The sizes and choices that make a GPT-2.</summary>
/// <remarks>The defaults are GPT-2 small as the paper trains it (arXiv:2501.12243): no biases, attention scaled by inverse layer index.</remarks>
public sealed record Gpt2Config
{
    /// <summary>Above it, the features in the middle of a block, four times as many, are beyond what a layer is made with.</summary>
    private const int WidestWidth = int.MaxValue / 4;

    /// <summary>Above it, the parameters' bytes are beyond counting.</summary>
    private const long LargestCount = long.MaxValue / sizeof(float);

    /// <summary>GPT-2 small: 124 M parameters.</summary>
    public static Gpt2Config Small { get; } = new();

    /// <summary>GPT-2 medium: 354 M parameters.</summary>
    public static Gpt2Config Medium { get; } = new() { Layers = 24, Heads = 16, Width = 1024 };

    /// <summary>GPT-2 large: 773 M parameters.</summary>
    public static Gpt2Config Large { get; } = new() { Layers = 36, Heads = 20, Width = 1280 };

    /// <summary>GPT-2 XL: 1557 M parameters.</summary>
    public static Gpt2Config XL { get; } = new() { Layers = 48, Heads = 25, Width = 1600 };

    /// <summary>The longest sequence, in tokens, ≥ 1.</summary>
    public int BlockSize { get; init; } = 1024;

    /// <summary>Token ids lie below it; ≥ 1. The default is GPT-2's 50257 padded to a multiple of 64.</summary>
    public int VocabularySize { get; init; } = 50304;

    /// <summary>Transformer blocks, ≥ 1.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>Attention heads of each block, ≥ 1; a divisor of <see cref="Width"/>.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Features of each token between the blocks, from 1 to 2²⁹ − 1.</summary>
    public int Width { get; init; } = 768;

    /// <summary>Whether linear layers and layer norms have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>Whether attention logits are divided by the block's number, counted from 1, too.</summary>
    public bool ScaleAttentionByInverseLayerIndex { get; init; } = true;

    /// <summary>The share of embedded tokens, attention weights and block outputs dropped in training, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>Whether the output head is the token embedding.</summary>
    public bool TiedHead { get; init; } = true;

    /// <summary>The number of parameters, positions included, of a valid configuration.</summary>
    public long ParameterCount => (long)ExactParameterCount;

    private Int128 ExactParameterCount
    {
        get
        {
            Int128 width = Width, biases = Bias ? 1 : 0;
            var norm = width * (1 + biases);
            var block = 2 * norm + 12 * width * width + 9 * width * biases;
            return (VocabularySize * (TiedHead ? 1L : 2L) + BlockSize) * width + Layers * block + norm;
        }
    }

    /// <summary>Checks every size against its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is out of range; the message names it, its value and the range.</exception>
    /// <exception cref="ArgumentException">The heads do not divide the width, or there are more parameters than can be counted.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BlockSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(VocabularySize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Layers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Heads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Width, WidestWidth);
        if (!(Dropout >= 0 && Dropout < 1))
            throw new ArgumentOutOfRangeException(nameof(Dropout), Dropout, $"{nameof(Dropout)} is {Dropout}; expected at least 0 and below 1.");
        if (Width % Heads != 0)
            throw new ArgumentException($"{nameof(Heads)} is {Heads} and {nameof(Width)} {Width}; expected a width that is a multiple of the heads.");
        if (ExactParameterCount > LargestCount)
            throw new ArgumentException($"The model would have {ExactParameterCount} parameters; expected at most {LargestCount}.");
    }
}
