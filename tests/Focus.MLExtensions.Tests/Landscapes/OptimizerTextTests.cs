namespace Focus.Tests;

[TestClass]
public class OptimizerTextTests
{
    [TestMethod]
    public void EveryOptimizerIsReadBackFromItsText()
    {
        foreach (var optimizer in Optimizers.All.Append(LandscapeOptimizer.Adam(1.0 / 3, 0.5, 1e-100)))
            Assert.AreEqual(optimizer.ToString(), LandscapeOptimizer.Parse(optimizer.ToString()).ToString());
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("Tiger(beta=0.9)")]
    [DataRow("Signum(gamma=0.9)")]
    [DataRow("Signum(beta=0.9, beta2=0.9)")]
    [DataRow("Signum(beta=0.9")]
    public void OtherTextIsRefused(string text) => Assert.ThrowsExactly<FormatException>(() => LandscapeOptimizer.Parse(text));

    [TestMethod]
    [DataRow("Signum(beta=1.5)")]
    [DataRow("Signum(beta=much)")]
    public void HyperparametersAreChecked(string text) => Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => LandscapeOptimizer.Parse(text));
}
