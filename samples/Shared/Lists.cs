using System.CommandLine;
using System.Globalization;

namespace Samples;

/// <summary>Options with several values.</summary>
internal static class Lists
{
    /// <summary>An option whose values are separated by commas or spaces; a value that is given twice counts once.</summary>
    /// <param name="name">The option.</param>
    /// <param name="description">Its description.</param>
    /// <param name="parse">Reads a value; an <see cref="ArgumentException"/> says what is wrong with a text.</param>
    public static Option<T[]> Option<T>(string name, string description, Func<string, T> parse)
    {
        var option = new Option<T[]>(name) { Description = description, HelpName = "list", AllowMultipleArgumentsPerToken = true };
        option.CustomParser = result =>
        {
            const StringSplitOptions parts = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
            var texts = result.Tokens.SelectMany(token => token.Value.Split([',', ' '], parts)).ToArray();
            if (texts.Length == 0) result.AddError($"{name} is empty; give values, or omit it.");
            var values = new List<T>();
            foreach (var text in texts)
            {
                try
                {
                    values.Add(parse(text));
                }
                catch (ArgumentException fault)
                {
                    result.AddError($"{name}: {fault.Message}");
                }
            }
            return [.. values.Distinct()];
        };
        return option;
    }

    /// <summary>Reads a finite number.</summary>
    /// <param name="text">The number, with a point before its fraction.</param>
    /// <param name="expected">What it is, for the error.</param>
    /// <param name="isValid">Whether it is in its range; null where every number is.</param>
    /// <exception cref="ArgumentException">It is not a number, or out of its range.</exception>
    public static double Number(string text, string expected = "a number", Predicate<double>? isValid = null) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && isValid?.Invoke(number) != false
            ? number : throw new ArgumentException($"'{text}' is not {expected}.");
}
