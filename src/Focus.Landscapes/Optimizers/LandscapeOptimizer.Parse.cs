using System.Globalization;
using System.Text.RegularExpressions;

namespace Focus;

public abstract partial class LandscapeOptimizer
{
    /// <summary>Reads what <see cref="ToString"/> writes, such as "FOCUS(beta1=0.9, beta2=0.9, gamma=0.2)".</summary>
    /// <exception cref="FormatException">The text is not of this form, or the optimizer is unknown.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A hyperparameter is outside its range.</exception>
    public static LandscapeOptimizer Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var values = Hyperparameter().Matches(text)
            .Select(match => double.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out var value) ? value : double.NaN).ToArray();
        var optimizer = (text.Split('(')[0], values) switch
        {
            ("Adam", [var beta1, var beta2, var epsilon]) => Adam(beta1, beta2, epsilon),
            ("FOCUS", [var beta1, var beta2, var gamma]) => Focus(beta1, beta2, gamma),
            ("Signum", [var beta]) => Signum(beta),
            ("Lion", [var beta1, var beta2]) => Lion(beta1, beta2),
            _ => null,
        };
        return optimizer?.ToString() == text ? optimizer
            : throw new FormatException(
                $"'{text}' is not an optimizer; expected a name and hyperparameters such as '{Focus()}', '{Adam()}', '{Signum()}' or '{Lion()}'.");
    }

    [GeneratedRegex("=([^,)]*)")]
    private static partial Regex Hyperparameter();
}
