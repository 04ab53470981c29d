using System.Collections.Concurrent;
using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The floating-point operations per second that a device reaches in a large matrix product, measured once.</summary>
internal static class PeakFlops
{
    private const int Products = 3;

    private static readonly ConcurrentDictionary<(string Device, ScalarType Type), Lazy<double>> Measurements = [];

    /// <summary>The speed of a device in a precision; on a CPU in float32, as it computes with shorter types no faster.</summary>
    public static double Measured(string device, TrainingPrecision precision)
    {
        var isCpu = TorchDevice.Require(device).type == DeviceType.CPU;
        var type = isCpu ? ScalarType.Float32 : precision.ScalarType;
        return Measurements.GetOrAdd((device, type), _ => new(() => Measure(device, type, size: isCpu ? 1024 : 8192))).Value;
    }

    /// <summary>The fastest of a few products of square matrices, after one to warm up.</summary>
    private static double Measure(string device, ScalarType type, int size)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var matrix = ones([size, size], dtype: type, device: TorchDevice.Require(device));
        Product(matrix);
        return 2.0 * size * size * size / Enumerable.Range(0, Products).Min(_ => Product(matrix).TotalSeconds);
    }

    private static TimeSpan Product(Tensor matrix)
    {
        var clock = Stopwatch.StartNew();
        using var product = matrix.mm(matrix);
        using var corner = product.narrow(0, 0, 1).narrow(1, 0, 1);
        corner.ToDouble(); // Waits for the device.
        return clock.Elapsed;
    }
}
