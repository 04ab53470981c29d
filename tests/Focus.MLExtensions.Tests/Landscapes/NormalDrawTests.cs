namespace Focus.Tests;

[TestClass]
public unsafe class NormalDrawTests
{
    private const int Runs = 64;
    private const int Pairs = 1 << 15;
    private const int Count = 2 * Runs * Pairs;

    private static readonly float[] Draws = Draw<SingleLanesScalar>();

    [TestMethod]
    public void MomentsAreThoseOfTheNormal()
    {
        var moments = new double[7];
        foreach (double z in Draws)
        {
            var power = 1.0;
            for (var k = 0; k < moments.Length; k++, power *= z) moments[k] += power / Count;
        }
        double[] expected = [1, 0, 1, 0, 3, 0, 15];
        double[] variance = [0, 1, 2, 15, 96, 945, 10170];
        for (var k = 1; k < moments.Length; k++) Assert.AreEqual(expected[k], moments[k], 5 * Math.Sqrt(variance[k] / Count), $"moment {k}");
    }

    [TestMethod]
    public void DistributionIsNormal()
    {
        var sorted = Draws.Order().ToArray();
        var distance = 0.0;
        for (var i = 0; i < Count; i++) distance = Math.Max(distance, Math.Abs(Statistics.NormalDistribution(sorted[i]) - (i + 0.5) / Count));
        // Kolmogorov's limit: exceeded with probability 2·exp(−2·1.95²) = 1e-3.
        Assert.IsLessThan(1.95 / Math.Sqrt(Count), distance);
    }

    [TestMethod]
    [DataRow(2.0)]
    [DataRow(3.0)]
    [DataRow(4.0)]
    [DataRow(4.5)]
    public void TailsHaveTheirShare(double threshold)
    {
        var expected = Count * Statistics.NormalDistribution(-threshold);
        Assert.AreEqual(expected, Draws.Count(z => z > threshold), 5 * Math.Sqrt(expected), "upper tail");
        Assert.AreEqual(expected, Draws.Count(z => z < -threshold), 5 * Math.Sqrt(expected), "lower tail");
    }

    [TestMethod]
    [DataRow(0u, 6.7f)]
    [DataRow(uint.MaxValue, 0f)]
    public void ExtremeWordsGiveExtremeRadii(uint word, float radius)
    {
        // State in which the first word drawn is the one wanted: rotl(s0 + s3, 7) + s0 with s0 = 0.
        var s0 = new SingleLanesScalar(0);
        var s1 = new SingleLanesScalar(1);
        var s2 = new SingleLanesScalar(2);
        var s3 = new SingleLanesScalar(uint.RotateRight(word, 7));
        float x, y;
        var (first, second) = GaussianPair.Next(ref s0, ref s1, ref s2, ref s3, SingleLanesScalar.Broadcast(1));
        first.Store(&x);
        second.Store(&y);
        Assert.AreEqual(radius, MathF.Sqrt(x * x + y * y), 0.1f);
    }

    [TestMethod]
    [DataRow(1, "the halves of a pair")]
    [DataRow(2, "neighbouring pairs of a run")]
    [DataRow(20, "pairs ten steps apart")]
    public void DrawsOfARunAreUncorrelated(int lag, string what)
    {
        foreach (var power in new[] { 1, 2 })
        {
            var sum = 0.0;
            var terms = 0;
            for (var i = 0; i + lag * Runs < Count; i++)
            {
                if (lag == 1 && i / Runs % 2 == 1) continue;
                sum += Centred(Draws[i], power) * Centred(Draws[i + lag * Runs], power);
                terms++;
            }
            Assert.AreEqual(0, sum / terms, 5 * (power == 1 ? 1 : 2) / Math.Sqrt(terms), $"{what}, power {power}");
        }
    }

    [TestMethod]
    public void NeighbouringRunsAreUncorrelated()
    {
        var sum = 0.0;
        for (var i = 0; i + 1 < Count; i++) sum += Draws[i] * Draws[i + 1];
        Assert.AreEqual(0, sum / Count, 5 / Math.Sqrt(Count));
    }

    [TestMethod]
    public void EveryWidthDrawsTheSameBits()
    {
        CollectionAssert.AreEqual(Draws, Draw<SingleLanes256>());
        CollectionAssert.AreEqual(Draws, Draw<SingleLanes512>());
    }

    private static double Centred(double z, int power) => power == 1 ? z : z * z - 1;

    private static float[] Draw<T>() where T : struct, ISingleLanes<T>
    {
        using var workspace = new Workspace();
        var streams = new NoiseStreams(workspace, Runs);
        for (var run = 0; run < Runs; run++) streams.Start(run, new StreamKey(3).With((ulong)run));
        var draws = new float[Count];
        fixed (float* destination = draws) streams.Fill<T>(destination, Pairs, 1);
        return draws;
    }
}
