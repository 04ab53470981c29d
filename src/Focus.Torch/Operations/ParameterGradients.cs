using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Gradients that fused operations add to their parameters themselves.</summary>
/// <remarks>Handed to autograd, each would be copied once more, because the managed tensor object shares it.</remarks>
internal static class ParameterGradients
{
    /// <summary>Whether a fused operation may leave a parameter out of the graph: its gradient is added when that of the input is computed, or is
    /// not wanted.</summary>
    public static bool AreReached(Tensor input) => input.requires_grad || !is_grad_enabled();

    /// <summary>grad += left·right, for parameters that are trained.</summary>
    public static void AddProduct(Parameter parameter, Tensor left, Tensor right)
    {
        if (!parameter.requires_grad) return;
        if (parameter.grad is { } gradient) gradient.addmm_(left, right);
        else parameter.grad = left.mm(right);
    }

    /// <summary>grad += the sum of the rows of a matrix.</summary>
    public static void AddRows(Parameter? parameter, Tensor rows)
    {
        if (parameter is { requires_grad: true }) Add(parameter, rows.sum(dim: 0));
    }

    /// <summary>grad += addend, which is not used afterwards.</summary>
    public static void Add(Parameter parameter, Tensor addend)
    {
        if (parameter.grad is { } gradient) gradient.add_(addend);
        else parameter.grad = addend;
    }
}
