using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A device, such as "cpu" or "cuda:1"; index -1 is the current one of its type.</summary>
    public class Device
    {
        public Device(string description)
        {
            var parts = description.Split(':');
            type = Enum.Parse<DeviceType>(parts[0].ToUpperInvariant());
            index = parts.Length == 2 ? int.Parse(parts[1]) : -1;
        }

        public Device(DeviceType deviceType, int index = -1)
        {
            type = deviceType;
            this.index = index;
        }

        public DeviceType type { get; }

        public int index { get; }

        public override string ToString()
        {
            var name = type.ToString().ToLowerInvariant();
            return type == DeviceType.CPU || index == -1 ? name : $"{name}:{index}";
        }

        public static implicit operator Device(string description) => new(description);
    }

    public static readonly Device CPU = new(DeviceType.CPU);

    public static Device device(string description) => Initialized(new Device(description));

    /// <summary>The device, once it is known to be there.</summary>
    internal static Device Initialized(Device device) =>
        device.type != DeviceType.CUDA || cuda.is_available()
            ? device
            : throw new InvalidOperationException($"Device {device} is not available: libtorch finds no CUDA device.");

    public static class cuda
    {
        public static bool is_available() => NativeMethods.ft_cuda_is_available() != 0;

        public static int device_count() => NativeMethods.ft_cuda_device_count();
    }
}
