using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>A number or truth value as an operand of tensor operations.</summary>
public sealed class Scalar
{
    private Scalar(torch.ScalarType type, ValueKind kind, long bits) => (Type, Kind, Bits) = (type, kind, bits);

    public torch.ScalarType Type { get; }

    internal ValueKind Kind { get; }

    internal long Bits { get; }

    public static implicit operator Scalar(bool value) => new(torch.ScalarType.Bool, ValueKind.Boolean, value ? 1 : 0);
    public static implicit operator Scalar(int value) => new(torch.ScalarType.Int32, ValueKind.Integer, value);
    public static implicit operator Scalar(long value) => new(torch.ScalarType.Int64, ValueKind.Integer, value);
    public static implicit operator Scalar(float value) => Real(torch.ScalarType.Float32, value);
    public static implicit operator Scalar(double value) => Real(torch.ScalarType.Float64, value);

    private static Scalar Real(torch.ScalarType type, double value) => new(type, ValueKind.Real, BitConverter.DoubleToInt64Bits(value));
}
