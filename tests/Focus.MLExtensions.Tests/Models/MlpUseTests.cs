using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>The network in other surroundings than its trainer's.</summary>
[TestClass]
public class MlpUseTests
{
    [TestMethod]
    public void ANetworkOutlivesTheDisposeScopeItIsMadeIn()
    {
        Mlp mlp;
        using (NewDisposeScope()) mlp = new Mlp(16, [16], 3);
        using (mlp) CollectionAssert.AreEqual(new long[] { 4, 3 }, mlp.call(ones(4, 16)).shape);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void InputOfAnotherTypeThanTheWeightsIsRefused(bool training)
    {
        using var mlp = new Mlp(16, [16], 3);
        mlp.to(ScalarType.Float64);
        mlp.train(training);
        using var _ = enable_grad(training);
        Assert.ThrowsExactly<ArgumentException>(() => mlp.call(ones(4, 16)));
    }

    [TestMethod]
    [DataRow(true, 15)]
    [DataRow(true, 17)]
    [DataRow(false, 17)]
    public void InputOfAnotherWidthIsRefusedAndLeavesTheNetworkAsItIs(bool training, int width)
    {
        using var mlp = new Mlp(16, [16], 3);
        mlp.train(training);
        using var _ = enable_grad(training);
        Assert.ThrowsExactly<ArgumentException>(() => mlp.call(ones(4, width)));
        Assert.AreEqual(0, mlp.named_buffers().Single(buffer => buffer.name == "layers.0.norm.running_mean").buffer.abs().sum().ToDouble());
    }
}
