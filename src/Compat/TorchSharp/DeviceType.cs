namespace TorchSharp;

/// <summary>Where a tensor lies, numbered as in c10.</summary>
public enum DeviceType
{
    CPU = 0,
    CUDA = 1,
}
