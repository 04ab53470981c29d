namespace Focus.Tests;

[TestClass]
public class OptimizerTextTests
{
    [TestMethod]
    public void EveryOptimizerIsReadBackFromItsText()
    {
        foreach (var optimizer in Optimizers.All.Concat(Optimizers.OfRules).Append(LandscapeOptimizer.Adam(1.0 / 3, 0.5, 1e-100)))
            Assert.AreEqual(optimizer.ToString(), LandscapeOptimizer.Parse(optimizer.ToString()).ToString());
    }

    [TestMethod]
    public void NameAndOptionsAreReadBack()
    {
        var settings = new MarsOptions { Form = MarsForm.Lion, Gamma = 1.0 / 3, Auxiliary = new() { Beta1 = 0.3 } };
        var optimizer = LandscapeOptimizer.From(settings, "MARS by signs");
        var read = LandscapeOptimizer.Parse(optimizer.ToString());
        Assert.AreEqual("MARS by signs", read.Name);
        Assert.AreEqual(optimizer.ToString(), read.ToString());
        Assert.AreNotEqual(read.ToString(), LandscapeOptimizer.From(settings with { Gamma = 0.3 }, "MARS by signs").ToString());
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("Tiger(beta=0.9)")]
    [DataRow("Signum(gamma=0.9)")]
    [DataRow("Signum(beta=0.9, beta2=0.9)")]
    [DataRow("Signum(beta=0.9")]
    [DataRow("SGD {\"Name\":\"SGD\"")]
    [DataRow("SGD {\"Name\":\"Tiger\"}")]
    [DataRow("SGD {\"Momentum\":0.9}")]
    [DataRow("{\"Name\":\"SGD\"}")]
    [DataRow("Muon {\"Name\":\"Muon\"}")]
    [DataRow("SGD {\"Name\":\"SGD\",\"Momentum\":\"much\"}")]
    public void OtherTextIsRefused(string text) => Assert.ThrowsExactly<FormatException>(() => LandscapeOptimizer.Parse(text));

    [TestMethod]
    [DataRow("Signum(beta=1.5)")]
    [DataRow("Signum(beta=much)")]
    [DataRow("SGD {\"Name\":\"SGD\",\"Momentum\":1.5}")]
    public void HyperparametersAreChecked(string text) => Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => LandscapeOptimizer.Parse(text));
}
