namespace Focus.Tests;

[TestClass]
public class RegretTests
{
    [TestMethod]
    public void BoundIsTheFormula()
    {
        var settings = new RegretSettings
        {
            Dimensions = 2, LearningRate = 0.5, Beta1 = 0.5, Gamma = 0.25, Beta1Decay = 0.5, GammaDecay = 0.75, GradientBound = 3, HalfWidth = 1,
        };
        // T = 4, D∞ = 2, D² = 8: G(8 + 2·4·2)/(2·0.5·0.5) + G·0.5·2·2·1.25²/0.5 + (0.5·0.5·2/0.5 + 0.25·0.75·2/0.25)·G·2/0.5
        var expected = 3 * 24 / 0.5 + 3 * 0.5 * 2 * 2 * 1.5625 / 0.5 + (1 + 1.5) * 3 * 2 / 0.5;
        Assert.AreEqual(expected, Regret.Bound(settings, 4), 1e-12);
    }

    [TestMethod]
    [DataRow(LossStream.Linear)]
    [DataRow(LossStream.Quadratic)]
    public void MeasuredRegretStaysBelowTheBoundAndGrowsSlowerThanTime(LossStream losses)
    {
        var settings = new RegretSettings { Losses = losses, Steps = 4000 };
        var regret = Regret.Measure(settings);
        for (var i = 0; i < regret.Length; i++) Assert.IsLessThanOrEqualTo(Regret.Bound(settings, i + 1), regret[i]);
        Assert.IsGreaterThan(0, regret[^1]);
        Assert.IsLessThan(0.5 * regret[399] / 400, regret[^1] / regret.Length);
    }

    [TestMethod]
    public void BadSettingsAreNamed()
    {
        var fault = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Regret.Measure(new() { Beta1Decay = 1 }));
        Assert.AreEqual("Beta1Decay", fault.ParamName);
    }
}
