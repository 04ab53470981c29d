using static TorchSharp.torch;

namespace Focus;

/// <summary>Tensors in pieces: a span ends at 2 GiB, a tensor need not, and a conversion of a piece takes little memory.</summary>
internal static class SafetensorsPieces
{
    /// <summary>The most elements of a piece.</summary>
    public const long Longest = 1 << 22;

    /// <summary>The elements of a contiguous tensor in order, as views that are disposed of with the step to the next.</summary>
    public static IEnumerable<Tensor> Of(Tensor tensor)
    {
        using var flat = tensor.view(-1);
        for (long start = 0; start < flat.shape[0]; start += Longest)
        {
            using var piece = flat.narrow(0, start, Math.Min(Longest, flat.shape[0] - start));
            yield return piece;
        }
    }
}
