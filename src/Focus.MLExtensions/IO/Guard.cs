using System.Globalization;
using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Checks of arguments; every message names the parameter, the value and the valid range.</summary>
internal static class Guard
{
    public static double NonNegative(double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        double.IsFinite(value) && value >= 0 ? value : throw OutOfRange(name, value, "a finite number, at least 0");

    public static double Positive(double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        double.IsFinite(value) && value > 0 ? value : throw OutOfRange(name, value, "a finite number above 0");

    public static double Finite(double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        double.IsFinite(value) ? value : throw OutOfRange(name, value, "a finite number");

    public static double AtMost(double maximum, double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value >= 0 && value <= maximum ? value : throw OutOfRange(name, value, $"0 to {maximum.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>A decay factor: at least 0 and below 1.</summary>
    public static double Fraction(double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value is >= 0 and < 1 ? value : throw OutOfRange(name, value, "at least 0 and below 1");

    public static double AtLeast(double minimum, double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        double.IsFinite(value) && value >= minimum
            ? value
            : throw OutOfRange(name, value, $"a finite number, at least {minimum.ToString(CultureInfo.InvariantCulture)}");

    public static int AtLeast(int minimum, int value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value >= minimum ? value : throw OutOfRange(name, value, $"a whole number, at least {minimum}");

    public static int Between(int minimum, int maximum, int value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value >= minimum && value <= maximum ? value : throw OutOfRange(name, value, $"a whole number, {minimum} to {maximum}");

    public static IReadOnlyList<T> NotEmpty<T>(IReadOnlyList<T> values, [CallerArgumentExpression(nameof(values))] string name = "")
    {
        ArgumentNullException.ThrowIfNull(values, name);
        return values.Count > 0 ? values : throw new ArgumentException($"{name} is empty; it needs at least one value.", name);
    }

    private static ArgumentOutOfRangeException OutOfRange(string name, IFormattable value, string range) =>
        new(name, value, $"{name} is {value.ToString(null, CultureInfo.InvariantCulture)}; valid is {range}.");
}
