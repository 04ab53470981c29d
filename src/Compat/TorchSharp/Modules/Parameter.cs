namespace TorchSharp.Modules;

/// <summary>A tensor that a module trains.</summary>
public class Parameter : torch.Tensor
{
    /// <summary>Takes the native tensor over from <paramref name="data"/>, which is empty from then on.</summary>
    public Parameter(torch.Tensor data, bool requires_grad = true) : base(data.with_requires_grad(requires_grad).MoveHandle())
    {
    }

    internal Parameter(nint handle) : base(handle)
    {
    }
}
