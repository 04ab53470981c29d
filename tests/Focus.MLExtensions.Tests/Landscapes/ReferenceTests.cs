namespace Focus.Tests;

/// <summary>The engine against a plain transcription of the formulas, fed with the same draws.</summary>
[TestClass]
public unsafe class ReferenceTests
{
    private const int Steps = 60;
    private static readonly LandscapeCell Cell = new(Sharpness: 30, Noise: 0.8, WeightDecay: 0.2, Slope: 0.1);

    public static IEnumerable<object[]> Cases =>
        from dimensions in new[] { 2, 3, 8 }
        from optimizer in Optimizers.All
        from landscape in new[] { Landscape.NarrowingValley, Landscape.QuadraticValley }
        select new object[] { dimensions, optimizer.Name, landscape };

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void PathFollowsTheFormulas(int dimensions, string optimizer, Landscape landscape)
    {
        const double rate = 0.01;
        var options = new LandscapeSimulator.Options
        {
            Landscape = landscape, Optimizers = [Optimizers.Named(optimizer)], Dimensions = dimensions, Steps = Steps, Angle = 0.4,
        };
        var path = new LandscapeSimulator(options).Trace(Cell, 0, rate, replicate: 3);

        var draws = Draws(options, rate, 3);
        var basis = dimensions == 2
            ? [[Math.Cos(0.4), Math.Sin(0.4)], [-Math.Sin(0.4), Math.Cos(0.4)]]
            : Orthonormal(draws.Take(dimensions).ToArray());
        if (dimensions > 2) draws.RemoveRange(0, dimensions + dimensions % 2);
        var reference = new Run(optimizer, rate, basis, landscape == Landscape.NarrowingValley, draws.Take(dimensions).Select(z => 1e-4 * z).ToArray());
        for (var step = 0; step <= Steps; step++)
        {
            draws.RemoveRange(0, dimensions + dimensions % 2);
            var rotated = reference.Rotated();
            var distance = dimensions == 2 ? rotated[1] : Math.Sqrt(rotated.Skip(1).Sum(v => v * v));
            Assert.AreEqual(rotated[0], path.U[step], 1e-6 * (Math.Abs(rotated[0]) + 1e-4), $"u, step {step}");
            Assert.AreEqual(distance, path.V[step], 1e-6 * (Math.Abs(distance) + 1e-4), $"v, step {step}");
            Assert.AreEqual(reference.Loss(), path.Loss[step], 1e-6 * (Math.Abs(reference.Loss()) + 1e-4), $"loss, step {step}");
            reference.Step([.. draws.Take(dimensions)]);
        }
    }

    /// <summary>The standard normal draws of a run in the order of their use.</summary>
    private static List<double> Draws(LandscapeSimulator.Options options, double rate, int replicate)
    {
        var pairs = (options.Dimensions + 1) / 2 * (Steps + 3);
        using var workspace = new Workspace();
        var streams = new NoiseStreams(workspace, 16);
        streams.Start(0, new RunBatch(options, Cell, options.Optimizers[0]) { Outcomes = [] }.Key(rate, replicate));
        var draws = new float[NoiseStreams.Draws(16, pairs)];
        fixed (float* destination = draws) streams.Fill<SingleLanesScalar>(destination, pairs, 1);
        return [.. draws.Where((_, i) => i % 16 == 0).Select(z => (double)z)];
    }

    /// <summary>An orthonormal basis whose first vector has the given direction (Gram–Schmidt).</summary>
    private static double[][] Orthonormal(double[] direction)
    {
        var n = direction.Length;
        var basis = new List<double[]>();
        foreach (var candidate in Enumerable.Range(0, n).Select(i => Enumerable.Range(0, n).Select(j => i == j ? 1.0 : 0).ToArray()).Prepend(direction))
        {
            var rest = candidate.ToArray();
            foreach (var known in basis)
            {
                var overlap = known.Zip(rest, (a, b) => a * b).Sum();
                for (var i = 0; i < n; i++) rest[i] -= overlap * known[i];
            }
            var length = Math.Sqrt(rest.Sum(x => x * x));
            if (basis.Count < n && length > 1e-6) basis.Add([.. rest.Select(x => x / length)]);
        }
        return [.. basis];
    }

    private sealed class Run(string optimizer, double rate, double[][] basis, bool narrowing, double[] start)
    {
        private readonly double[] p = start;
        private readonly double[] m = new double[start.Length];
        private readonly double[] s = new double[start.Length];
        private int t;

        public double[] Rotated() => [.. basis.Select(row => row.Zip(p, (a, b) => a * b).Sum())];

        public double Loss()
        {
            var rotated = Rotated();
            var q = rotated.Skip(1).Sum(v => v * v);
            return 0.5 * Cell.Sharpness * (narrowing ? rotated[0] * rotated[0] : 1) * q - Cell.Slope * rotated[0];
        }

        public void Step(double[] noise)
        {
            t++;
            var rotated = Rotated();
            var u = rotated[0];
            var q = rotated.Skip(1).Sum(v => v * v);
            var across = Cell.Sharpness * (narrowing ? u * u : 1);
            var gradient = rotated.Select((v, i) => i == 0 ? (narrowing ? Cell.Sharpness * u * q : 0) - Cell.Slope : across * v).ToArray();
            for (var i = 0; i < p.Length; i++)
            {
                var g = basis.Select((row, j) => row[i] * gradient[j]).Sum() * (1 + Cell.Noise * noise[i]);
                p[i] -= rate * (Direction(i, g) + Cell.WeightDecay * p[i]);
            }
        }

        private double Direction(int i, double g)
        {
            switch (optimizer)
            {
                case "Adam":
                    m[i] = 0.9 * m[i] + (1 - 0.9) * g;
                    s[i] = 0.999 * s[i] + (1 - 0.999) * g * g;
                    return m[i] / (1 - Math.Pow(0.9, t)) / (Math.Sqrt(s[i] / (1 - Math.Pow(0.999, t))) + 1e-8);
                case "FOCUS":
                    m[i] = 0.9 * m[i] + (1 - 0.9) * g;
                    s[i] = 0.9 * s[i] + (1 - 0.9) * p[i];
                    var average = s[i] / (1 - Math.Pow(0.9, t));
                    return Math.Sign(m[i]) + (t == 1 ? 0 : 0.2 * Math.Sign(p[i] - average));
                case "Signum":
                    m[i] = 0.9 * m[i] + (1 - 0.9) * g;
                    return Math.Sign(m[i]);
                default:
                    var direction = Math.Sign(0.9 * m[i] + (1 - 0.9) * g);
                    m[i] = 0.99 * m[i] + (1 - 0.99) * g;
                    return direction;
            }
        }
    }
}
