namespace Focus.Tests;

[TestClass]
public class LossScalerTests
{
    [TestMethod]
    public void TheScaleHalvesOnOverflowAndDoublesAfterTwoThousandGoodSteps()
    {
        var scaler = new LossScaler(dynamic: true);
        Assert.AreEqual(65536, scaler.Scale);
        for (var i = 0; i < 1999; i++) scaler.Accept();
        Assert.AreEqual(65536, scaler.Scale);
        scaler.Accept();
        Assert.AreEqual(131072, scaler.Scale);
        for (var i = 0; i < 1999; i++) scaler.Accept();
        Assert.IsTrue(scaler.TryBackOff());
        Assert.AreEqual(65536, scaler.Scale);
        for (var i = 0; i < 1999; i++) scaler.Accept();
        Assert.AreEqual(65536, scaler.Scale); // The overflow began the count anew.
    }

    [TestMethod]
    public void GradientsThatNoScaleBringsBackAreNotWaitedForForever()
    {
        var scaler = new LossScaler(dynamic: true);
        var tries = 0;
        while (scaler.TryBackOff()) Assert.IsLessThan(100, ++tries);
        Assert.IsGreaterThan(16, tries);
    }

    [TestMethod]
    public void OtherTypesHaveAScaleOf1()
    {
        var scaler = new LossScaler(dynamic: false);
        for (var i = 0; i < 5000; i++) scaler.Accept();
        Assert.AreEqual(1, scaler.Scale);
        Assert.IsFalse(scaler.TryBackOff());
    }
}
