using System.Numerics;
using TorchSharp;

namespace Focus;

/// <summary>A constant of an update rule, ready for both of its forms: a vector of it for the fused loop, a scalar for tensor
/// operations.</summary>
internal readonly struct Coefficient(double value)
{
    private readonly Vector<float> lanes = new((float)value);

    public static implicit operator Coefficient(double value) => new(value);

    public static implicit operator Vector<float>(in Coefficient coefficient) => coefficient.lanes;

    public static implicit operator Scalar(in Coefficient coefficient) => LiveScalar.Of(coefficient.Value);

    public double Value => value;
}
