using TorchSharp.Interop;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>Conversions of one-element tensors to numbers, and the storage format of tensors.</summary>
public static class TensorExtensionMethods
{
    public static float ToSingle(this Tensor value) => (float)value.ToDouble();

    public static double ToDouble(this Tensor value)
    {
        var item = value.ItemValue();
        return item.Kind == ValueKind.Real ? item.Real : item.Integer;
    }

    public static long ToInt64(this Tensor value)
    {
        var item = value.ItemValue();
        return item.Kind == ValueKind.Real ? (long)item.Real : item.Integer;
    }

    public static int ToInt32(this Tensor value) => checked((int)value.ToInt64());

    public static bool ToBoolean(this Tensor value) => value.ToDouble() != 0;

    /// <summary>Writes element type, shape (LEB128 numbers) and elements.</summary>
    public static void Save(this Tensor tensor, BinaryWriter writer)
    {
        using var copy = tensor.device_type == DeviceType.CPU ? null : tensor.cpu();
        var source = copy ?? tensor;
        writer.Encode((int)source.dtype);
        writer.Encode(source.dim());
        foreach (var size in source.shape) writer.Encode(size);
        writer.Flush();
        source.WriteBytesToStream(writer.BaseStream);
    }

    /// <summary>Reads what <see cref="Save"/> wrote into a tensor of the same type and shape.</summary>
    public static void Load(this Tensor tensor, BinaryReader reader, bool skip = false)
    {
        var type = (ScalarType)reader.Decode();
        if (type != tensor.dtype) throw new ArgumentException($"The stored tensor has type {type}, expected {tensor.dtype}.");
        var shape = ReadShape(reader);
        if (skip)
        {
            reader.BaseStream.Seek(tensor.numel() * tensor.ElementSize, SeekOrigin.Current);
            return;
        }
        CheckShape(shape, tensor);
        ReadElements(tensor, reader);
    }

    /// <summary>Reads what <see cref="Save"/> wrote into a tensor, a new one where there is none.</summary>
    public static void Load(ref Tensor? tensor, BinaryReader reader, bool skip = false)
    {
        var type = (ScalarType)reader.Decode();
        var shape = ReadShape(reader);
        tensor ??= skip ? zeros(shape, dtype: type) : empty(shape, dtype: type);
        if (skip)
        {
            reader.BaseStream.Seek(tensor.numel() * tensor.ElementSize, SeekOrigin.Current);
            return;
        }
        CheckShape(shape, tensor);
        ReadElements(tensor, reader);
    }

    private static long[] ReadShape(BinaryReader reader)
    {
        var shape = new long[reader.Decode()];
        for (var i = 0; i < shape.Length; i++) shape[i] = reader.Decode();
        return shape;
    }

    private static void CheckShape(long[] stored, Tensor tensor)
    {
        if (!stored.AsSpan().SequenceEqual(tensor.shape))
            throw new ArgumentException($"The stored tensor has shape [{string.Join('x', stored)}], expected [{string.Join('x', tensor.shape)}].");
    }

    private static void ReadElements(Tensor tensor, BinaryReader reader)
    {
        using var noGrad = no_grad();
        if (tensor.device_type == DeviceType.CPU)
        {
            tensor.ReadBytesFromStream(reader.BaseStream);
            return;
        }
        using var copy = zeros_like(tensor, device: CPU);
        copy.ReadBytesFromStream(reader.BaseStream);
        tensor.copy_(copy);
    }
}
