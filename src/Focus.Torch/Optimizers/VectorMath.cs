using System.Numerics;

namespace Focus;

/// <summary>What <see cref="Vector"/> lacks.</summary>
internal static class VectorMath
{
    /// <summary>The sign of each element as −1, 0 or 1, as torch has it: 0 for zeros and NaN.</summary>
    public static Vector<float> Sign(Vector<float> value)
    {
        var positive = Vector.ConditionalSelect(Vector.GreaterThan(value, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero);
        var negative = Vector.ConditionalSelect(Vector.LessThan(value, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero);
        return positive - negative;
    }
}
