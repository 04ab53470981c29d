using System.Globalization;

namespace Focus;

/// <summary>A single-stroke font for painted text.</summary>
internal static class StrokeFont
{
    /// <summary>Line width in units of the text size.</summary>
    public const double LineWidth = 0.085;

    private const double CapitalHeight = 9;
    private const double UnitsPerSize = 12.5;
    private const double LetterSpace = 2.6;
    private const double WordSpace = 4;
    private const int Baseline = 3;

    private static readonly Dictionary<char, Glyph> Glyphs = StrokeGlyphs.All.ToDictionary(pair => pair.Key, pair => Glyph.Parse(pair.Value));

    public static double Width(string text, double size) =>
        Math.Max(0, text.Sum(letter => Advance(letter)) - LetterSpace) * size / UnitsPerSize;

    /// <summary>The lines of a text from the origin to the right, with y upwards.</summary>
    public static IEnumerable<Position[]> Strokes(string text, double size)
    {
        var x = 0.0;
        foreach (var letter in text)
        {
            if (letter != ' ')
            {
                var left = x;
                foreach (var stroke in Of(letter).Strokes)
                    yield return Array.ConvertAll(stroke, point => new Position((left + point.X) * size / UnitsPerSize, point.Y * size / UnitsPerSize));
            }
            x += Advance(letter);
        }
    }

    private static double Advance(char letter) => letter == ' ' ? WordSpace : Of(letter).Width + LetterSpace;

    private static Glyph Of(char letter) => Glyphs.GetValueOrDefault(letter, Glyph.Unknown);

    /// <summary>Strokes are separated by blanks and given as pairs of base-36 digits: x, and y above the lowest descender. A tilde before a
    /// stroke makes it a smooth curve through its points.</summary>
    private sealed record Glyph(double Width, Position[][] Strokes)
    {
        private const int PointsPerSpan = 6;

        public static Glyph Unknown { get; } = new(5, [[new(0, 0), new(0, CapitalHeight), new(5, CapitalHeight), new(5, 0), new(0, 0)]]);

        public static Glyph Parse(string text)
        {
            var strokes = text.Split(' ').Select(stroke => stroke[0] == '~' ? Smooth(Points(stroke[1..])) : Points(stroke)).ToArray();
            return new(strokes.Max(stroke => stroke.Max(point => Math.Round(point.X))), strokes);
        }

        private static Position[] Points(string digits) =>
            [.. Enumerable.Range(0, digits.Length / 2).Select(i => new Position(Digit(digits[2 * i]), Digit(digits[2 * i + 1]) - Baseline))];

        private static int Digit(char digit) =>
            char.IsAsciiDigit(digit) ? CharUnicodeInfo.GetDecimalDigitValue(digit) : digit - 'a' + 10;

        /// <summary>A Catmull–Rom curve; closed if it ends where it starts.</summary>
        private static Position[] Smooth(Position[] points)
        {
            var (last, closed) = (points.Length - 1, points[0] == points[^1]);
            var curve = new List<Position> { points[0] };
            for (var i = 0; i < last; i++)
            {
                var before = i > 0 ? points[i - 1] : closed ? points[last - 1] : points[0];
                var after = i + 2 <= last ? points[i + 2] : closed ? points[1] : points[last];
                for (var k = 1; k <= PointsPerSpan; k++)
                {
                    var t = (double)k / PointsPerSpan;
                    curve.Add(new(
                        Cubic(before.X, points[i].X, points[i + 1].X, after.X, t), Cubic(before.Y, points[i].Y, points[i + 1].Y, after.Y, t)));
                }
            }
            return [.. curve];
        }

        private static double Cubic(double a, double b, double c, double d, double t) =>
            b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
    }
}
