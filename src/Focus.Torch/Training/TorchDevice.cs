using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Devices by name.</summary>
internal static class TorchDevice
{
    /// <summary>The device of a name such as <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
    /// <exception cref="ArgumentException">There is no such device here.</exception>
    public static Device Require(string name)
    {
        var (type, index) = Parse(name) ?? throw new ArgumentException($"The device is '{name}'; expected 'cpu', 'cuda' or 'cuda:N'.", nameof(name));
        if (type == DeviceType.CPU) return CPU;
        var count = cuda.is_available() ? cuda.device_count() : 0;
        if (index >= count)
            throw new ArgumentException($"The device is '{name}', but torch finds {count} CUDA devices; take 'cpu', or install a CUDA build of libtorch.", nameof(name));
        return new Device(DeviceType.CUDA, index);
    }

    private static (DeviceType Type, int Index)? Parse(string name) => name switch
    {
        "cpu" => (DeviceType.CPU, -1),
        "cuda" => (DeviceType.CUDA, 0),
        not null when name.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(name.AsSpan(5), out var index) && index >= 0 => (DeviceType.CUDA, index),
        _ => null,
    };
}
