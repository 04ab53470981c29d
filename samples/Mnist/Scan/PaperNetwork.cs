using Focus;

namespace Mnist;

/// <summary>The network of the paper's MNIST runs.</summary>
internal static class PaperNetwork
{
    public const int Pixels = 784, Classes = 10;

    private static readonly int[] HiddenWidths = [128, 128, 128, 128, 128];

    public static string Description => $"{string.Join('-', [Pixels, .. HiddenWidths, Classes])}, batch normalisation, ReLU";

    public static Mlp Create(int seed) => new(Pixels, HiddenWidths, Classes, batchNormalization: true, seed);
}
