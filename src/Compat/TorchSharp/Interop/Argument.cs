using System.Text;

namespace TorchSharp.Interop;

/// <summary>An argument on its way to an operator; it keeps what it points to alive.</summary>
internal readonly struct Argument
{
    private readonly object? _owner;
    private readonly long _bits;
    private readonly ValueKind _kind;

    private Argument(ValueKind kind, long bits, object? owner = null) => (_kind, _bits, _owner) = (kind, bits, owner);

    public static Argument None => default;

    public static Argument From(Scalar? value) => value is null ? None : value;

    public static implicit operator Argument(torch.Tensor? tensor) =>
        tensor is null ? None : new(ValueKind.Tensor, tensor.Handle, tensor);

    public static implicit operator Argument(long value) => new(ValueKind.Integer, value);
    public static implicit operator Argument(double value) => new(ValueKind.Real, BitConverter.DoubleToInt64Bits(value));
    public static implicit operator Argument(bool value) => new(ValueKind.Boolean, value ? 1 : 0);
    public static implicit operator Argument(long? value) => value is { } some ? some : None;
    public static implicit operator Argument(Scalar value) => new(value.Kind, value.Bits);
    public static implicit operator Argument(torch.ScalarType type) => new(ValueKind.Integer, (long)type);
    public static implicit operator Argument(torch.ScalarType? type) => type is { } some ? some : None;
    public static implicit operator Argument(long[]? values) => values is null ? None : new(ValueKind.Integers, 0, values);
    public static implicit operator Argument(string? text) => text is null ? None : new(ValueKind.Text, 0, text);
    public static implicit operator Argument(torch.Tensor[] tensors) => new(ValueKind.Tensors, 0, tensors);
    public static implicit operator Argument(torch.Device? device) =>
        device is null ? None : new(ValueKind.Device, (long)device.type << 32 | (uint)device.index);
    public static implicit operator Argument(torch.Generator? generator) =>
        generator is null ? None : new(ValueKind.Generator, generator.Handle, generator);

    /// <summary>A list in which null stands for no tensor, as indexing takes it.</summary>
    public static Argument Optional(torch.Tensor?[] tensors) => new(ValueKind.OptionalTensors, 0, tensors);

    public object? Owner => _owner;

    /// <summary>How many words <see cref="Write"/> needs beside the value.</summary>
    public int ScratchLength => _kind switch
    {
        ValueKind.Integers => ((long[])_owner!).Length,
        ValueKind.Tensors or ValueKind.OptionalTensors => ((torch.Tensor?[])_owner!).Length,
        ValueKind.Text => Encoding.UTF8.GetByteCount((string)_owner!) / sizeof(long) + 1,
        _ => 0,
    };

    /// <summary>Writes the native form, lists into <paramref name="scratch"/>, which must not move before the call.</summary>
    public unsafe Value Write(long* scratch)
    {
        var value = new Value { Kind = _kind, Integer = _bits };
        switch (_kind)
        {
            case ValueKind.Integers:
                var integers = (long[])_owner!;
                integers.CopyTo(new Span<long>(scratch, integers.Length));
                value.Count = integers.Length;
                break;
            case ValueKind.Tensors or ValueKind.OptionalTensors:
                var tensors = (torch.Tensor?[])_owner!;
                for (var i = 0; i < tensors.Length; i++) scratch[i] = tensors[i]?.Handle ?? 0;
                value.Count = tensors.Length;
                break;
            case ValueKind.Text:
                value.Count = Encoding.UTF8.GetBytes((string)_owner!, new Span<byte>(scratch, ScratchLength * sizeof(long)));
                break;
            default:
                return value;
        }
        value.Pointer = (nint)scratch;
        return value;
    }
}
