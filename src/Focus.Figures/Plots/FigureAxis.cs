using System.Globalization;

namespace Focus;

/// <summary>An axis of a plot.</summary>
/// <param name="Label">What it measures, with the unit where there is one.</param>
/// <param name="Minimum">The value at its start; above 0 on a logarithmic axis.</param>
/// <param name="Maximum">The value at its end; above the minimum.</param>
/// <param name="Logarithmic">Whether it is logarithmic.</param>
public sealed record FigureAxis(string Label, double Minimum, double Maximum, bool Logarithmic = false)
{
    private const int MostTicks = 6;

    /// <summary>Whose powers the ticks of a logarithmic axis are, at least 2: 10, or 2 for sizes that double.</summary>
    public int LogarithmBase { get; init; } = 10;

    /// <summary>An axis over all finite values given (above 0 on a logarithmic axis), with a margin of 4 % on either side.</summary>
    public static FigureAxis Over(string label, IEnumerable<double> values, bool logarithmic = false)
    {
        ArgumentNullException.ThrowIfNull(values);
        var positions = values.Where(value => double.IsFinite(value) && (!logarithmic || value > 0))
            .Select(value => logarithmic ? Math.Log10(value) : value).ToArray();
        var (low, high) = positions.Length == 0 ? (0, 1) : (positions.Min(), positions.Max());
        var margin = high > low ? 0.04 * (high - low) : 0.5;
        (low, high) = (low - margin, high + margin);
        return logarithmic ? new(label, Math.Pow(10, low), Math.Pow(10, high), true) : new(label, low, high);
    }

    /// <summary>An axis over cells from the outer edge of the first to that of the last, so that a <see cref="ColorMap"/> fills
    /// it.</summary>
    /// <param name="label">What it measures.</param>
    /// <param name="centres">The centres of the cells, ascending, at least one; above 0 on a logarithmic axis.</param>
    /// <param name="logarithmic">Whether it is logarithmic.</param>
    public static FigureAxis OverCells(string label, IReadOnlyList<double> centres, bool logarithmic = false)
    {
        ArgumentNullException.ThrowIfNull(centres);
        if (centres.Count < 2) return Over(label, centres, logarithmic);
        if (logarithmic) return new(label, centres[0] * Math.Sqrt(centres[0] / centres[1]), centres[^1] * Math.Sqrt(centres[^1] / centres[^2]), true);
        return new(label, centres[0] - 0.5 * (centres[1] - centres[0]), centres[^1] + 0.5 * (centres[^1] - centres[^2]));
    }

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Label);
        if (!double.IsFinite(Minimum) || !double.IsFinite(Maximum) || Minimum >= Maximum || Logarithmic && Minimum <= 0)
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"Axis '{Label}': {Minimum} to {Maximum} is no range{(Logarithmic ? " above 0" : "")}; the maximum must be above the minimum."));
        if (LogarithmBase < 2) throw new ArgumentException($"Axis '{Label}': the base of its logarithm is {LogarithmBase}; valid is at least 2.");
    }

    /// <summary>Where a value lies, from 0 at the minimum to 1 at the maximum; NaN for what has no place.</summary>
    internal double Fraction(double value) => (Scaled(value) - Scaled(Minimum)) / (Scaled(Maximum) - Scaled(Minimum));

    /// <summary>The edges of cells whose centres are given: half-way between them.</summary>
    internal double[] Edges(IReadOnlyList<double> centres)
    {
        var scaled = centres.Select(Fraction).ToArray();
        if (scaled.Length == 1) return [0, 1];
        var edges = new double[scaled.Length + 1];
        for (var i = 1; i < scaled.Length; i++) edges[i] = 0.5 * (scaled[i - 1] + scaled[i]);
        edges[0] = 2 * scaled[0] - edges[1];
        edges[^1] = 2 * scaled[^1] - edges[^2];
        return edges;
    }

    /// <summary>The ticks with their labels, and unlabelled ones between them.</summary>
    internal IEnumerable<(double Value, string? Label)> Ticks()
    {
        if (!Logarithmic) return LinearTicks();
        var ticks = LogarithmicTicks().ToArray();
        // Where powers of the base and their simple multiples are too rare to read a value off, even steps are not.
        return ticks.Count(tick => tick.Item2 is not null) < 2 ? LinearTicks() : ticks;
    }

    private double Scaled(double value) => Logarithmic ? Math.Log10(value) : value;

    private IEnumerable<(double, string?)> LinearTicks()
    {
        var raw = (Maximum - Minimum) / MostTicks;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = new[] { 1.0, 2, 5, 10 }.Select(factor => factor * power).First(candidate => candidate >= raw * (1 - 1e-9));
        var decimals = Math.Max(0, (int)-Math.Floor(Math.Log10(step) + 1e-9));
        for (var i = (long)Math.Ceiling(Minimum / step - 1e-9); i * step <= Maximum + 1e-9 * step; i++)
            yield return (i * step, Math.Abs(i * step) < 1e6 ? Fixed(i * step, decimals) : Exponential(i * step));
    }

    private IEnumerable<(double, string?)> LogarithmicTicks()
    {
        var first = (int)Math.Floor(Math.Log(Minimum, LogarithmBase) + 1e-9);
        var last = (int)Math.Ceiling(Math.Log(Maximum, LogarithmBase) - 1e-9);
        var powers = Enumerable.Range(first, last - first + 1).Where(k => Inside(Math.Pow(LogarithmBase, k))).ToArray();
        var stride = 1 + powers.Length / (MostTicks + 2);
        for (var k = first; k <= last; k++)
        {
            var power = Math.Pow(LogarithmBase, k);
            for (var digit = 1; digit < LogarithmBase; digit++)
            {
                if (!Inside(digit * power) || digit > 1 && stride > 1) continue;
                var labelled = digit == 1 ? k % stride == 0 : powers.Length < 2 && digit is 2 or 5;
                yield return (digit * power, labelled ? Plain(digit * power) : null);
            }
        }
    }

    private bool Inside(double value) => Fraction(value) is >= -1e-9 and <= 1 + 1e-9;

    private static string Plain(double value) =>
        value is >= 0.9e-4 and < 1e6 ? value.ToString("0.####", CultureInfo.InvariantCulture) : Exponential(value);

    private static string Fixed(double value, int decimals) => Minus(value.ToString("F" + decimals, CultureInfo.InvariantCulture));

    private static string Exponential(double value) => Minus(value.ToString("0.##e0", CultureInfo.InvariantCulture));

    private static string Minus(string number) => number.Replace('-', '\u2212');
}
