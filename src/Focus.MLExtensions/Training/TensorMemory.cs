using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The memory of a tensor as .NET sees it, for kernels of our own.</summary>
internal static class TensorMemory
{
    /// <summary>Whether a tensor is contiguous float32 on the CPU and small enough for a span (2 GiB).</summary>
    public static bool IsSpannable(this Tensor tensor)
        => tensor.dtype == ScalarType.Float32
            && tensor.device_type == DeviceType.CPU
            && tensor.numel() <= int.MaxValue / sizeof(float)
            && tensor.is_contiguous();

    /// <summary>The elements of an <see cref="IsSpannable"/> tensor, without a copy.</summary>
    public static Span<float> Floats(this Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);

    /// <summary>The elements of a contiguous float64 tensor on the CPU, without a copy.</summary>
    public static Span<double> Doubles(this Tensor tensor) => MemoryMarshal.Cast<byte, double>(tensor.bytes);

    /// <summary>The address of the first element of a contiguous tensor on the CPU; valid while the tensor lives.</summary>
    public static unsafe float* Address(this Tensor tensor) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
}

/// <summary>What inputs of models must be, and shapes in messages.</summary>
internal static class Shapes
{
    /// <summary>Throws where an input is on another device than a model's weights.</summary>
    public static void RequireDevice(this Tensor input, Tensor weight, string name)
    {
        if (input.device_type != weight.device_type || (input.device_type != DeviceType.CPU && input.device_index != weight.device_index))
            throw new ArgumentException($"Expected the {name} on the model's device, {weight.device}, found {input.device}; move one of the two with its method 'to'.", name);
    }

    /// <summary>A shape as messages give it: <c>[2, 3]</c>.</summary>
    public static string ShapeText(this IReadOnlyList<long> shape) => $"[{string.Join(", ", shape)}]";
}
