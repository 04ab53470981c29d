using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Checks of arguments and options; every message names the parameter, the value and the valid range. Null stands for an option
/// that is not used, and passes.</summary>
internal static class Check
{
    public static double Finite(double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        double.IsFinite(value) ? value : throw OutOfRange(name, value, "a finite number");

    public static double NonNegative(double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        double.IsFinite(value) && value >= 0 ? value : throw OutOfRange(name, value, "a finite number, at least 0");

    public static double Positive(double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        double.IsFinite(value) && value > 0 ? value : throw OutOfRange(name, value, "a finite number above 0");

    public static void Positive(double? value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value is { } number) Positive(number, name);
    }

    /// <summary>A decay factor: at least 0 and below 1.</summary>
    public static double Fraction(double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value is >= 0 and < 1 ? value : throw OutOfRange(name, value, "at least 0 and below 1");

    public static double AtLeast(double minimum, double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        double.IsFinite(value) && value >= minimum ? value : throw OutOfRange(name, value, $"a finite number, at least {Text(minimum)}");

    public static T AtLeast<T>(T minimum, T value, [CallerArgumentExpression(nameof(value))] string name = "") where T : struct, IBinaryInteger<T> =>
        value >= minimum ? value : throw OutOfRange(name, value, $"a whole number, at least {minimum}");

    public static void AtLeast<T>(T minimum, T? value, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : struct, IBinaryInteger<T>
    {
        if (value is { } number) AtLeast(minimum, number, name);
    }

    public static T Between<T>(T minimum, T maximum, T value, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : struct, INumber<T> =>
        value >= minimum && value <= maximum ? value : throw OutOfRange(name, value, $"{Text(minimum)} to {Text(maximum)}");

    public static T Defined<T>(T value, [CallerArgumentExpression(nameof(value))] string name = "") where T : struct, Enum =>
        Enum.IsDefined(value) ? value : throw OutOfRange(name, value, $"one of {string.Join(", ", Enum.GetNames<T>())}");

    public static IReadOnlyList<T> NotEmpty<T>(IReadOnlyList<T> values, [CallerArgumentExpression(nameof(values))] string name = "")
    {
        ArgumentNullException.ThrowIfNull(values, name);
        return values.Count > 0 ? values : throw new ArgumentException($"{name} is empty; it needs at least one value.", name);
    }

    /// <summary>A list in which no value is invalid or stands twice.</summary>
    public static void Distinct<T>(
        IReadOnlyList<T> values, Func<T, bool> isValid, string valid, [CallerArgumentExpression(nameof(values))] string name = "")
    {
        foreach (var value in NotEmpty(values, name))
            if (!isValid(value)) throw new ArgumentException($"{name} holds {Text(value)}; valid is {valid}.", name);
        if (values.GroupBy(value => value).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"{name} holds {Text(twice.Key)} twice; all must be different.", name);
    }

    /// <summary>The error of a value that is out of its range.</summary>
    public static ArgumentOutOfRangeException OutOfRange(string name, object? value, string range) =>
        new(name, value, $"{name} is {Text(value)}; valid is {range}.");

    /// <summary>Runs what makes or checks a value that a file describes: there an invalid argument is invalid data.</summary>
    /// <exception cref="InvalidDataException">The file's value is invalid.</exception>
    public static void Stored(string fault, Action check)
    {
        try
        {
            check();
        }
        catch (Exception error) when (error is ArgumentException or FormatException or OverflowException)
        {
            throw new InvalidDataException($"{fault}: {Reason(error)}", error);
        }
    }

    /// <summary>An error's message without the parameter's name, which .NET appends and which says nothing where the value is from a
    /// file.</summary>
    public static string Reason(Exception error) => error.Message.Split(" (Parameter ")[0];

    private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
