using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>A number or truth value as an operand of tensor operations.</summary>
public sealed class Scalar
{
    private Scalar(ValueKind kind, long bits) => (Kind, Bits) = (kind, bits);

    internal ValueKind Kind { get; }

    internal long Bits { get; }

    public static implicit operator Scalar(bool value) => new(ValueKind.Boolean, value ? 1 : 0);
    public static implicit operator Scalar(int value) => new(ValueKind.Integer, value);
    public static implicit operator Scalar(long value) => new(ValueKind.Integer, value);
    public static implicit operator Scalar(float value) => (double)value;
    public static implicit operator Scalar(double value) => new(ValueKind.Real, BitConverter.DoubleToInt64Bits(value));
}
