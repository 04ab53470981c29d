using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

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
}
