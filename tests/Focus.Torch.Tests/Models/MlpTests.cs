using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Torch.Tests.Models;

[TestClass]
public class MlpTests
{
    /// <summary>A network wide enough for the fused layers, with widths that are not multiples of a vector.</summary>
    private static Mlp Network(bool batchNormalization = true) => new(77, [64, 45], 10, batchNormalization, seed: 5);

    private static Tensor Batch(int rows = 19)
    {
        using var generator = new Generator(11);
        return randn([rows, 77], generator: generator) * 3 + 2;
    }

    [TestMethod]
    public void ParametersAreNamedAndGroupedAsPublished()
    {
        using var mlp = Network();
        var names = mlp.named_parameters().Select(p => p.name).ToList();
        CollectionAssert.IsSubsetOf(new[] { "layers.0.norm.weight", "layers.0.norm.bias", "layers.2.weight", "layers.2.bias" }, names);
        Assert.HasCount(12, names);
        var groups = mlp.ParameterGroups();
        Assert.IsNull(groups[0].WeightDecay);
        Assert.IsTrue(groups[0].Parameters.All(p => p.ndim == 2));
        Assert.AreEqual(0, groups[1].WeightDecay);
        Assert.AreEqual(names.Count, groups.Sum(g => g.Parameters.Count));
    }

    [TestMethod]
    public void WeightsComeFromTheSeedAloneAndLieWithinPyTorchsBounds()
    {
        manual_seed(1);
        using var one = Network();
        manual_seed(2);
        using var other = Network();
        foreach (var (a, b) in one.parameters().Zip(other.parameters())) Assert.IsTrue(a.allclose(b, rtol: 0, atol: 0));
        var weight = one.named_parameters().Single(p => p.name == "layers.0.weight").parameter;
        var bound = 1 / Math.Sqrt(77);
        Assert.AreEqual(bound, weight.abs().max().ToDouble(), 0.01 * bound);
        Assert.AreEqual(bound / Math.Sqrt(3), weight.std().ToDouble(), 0.05 * bound);
    }

    [TestMethod]
    public void FusedLayersMatchPlainOnesForwardAndBackward()
    {
        // In float64 the layers are TorchSharp's own; the fused ones take float32.
        using var fused = Network();
        using var plain = Network();
        plain.to(ScalarType.Float64);
        RandomizeNorms(fused, plain);
        var labels = tensor([.. Enumerable.Range(0, 19).Select(i => i % 10L)]);
        var one = Train(fused, Batch(), labels);
        var other = Train(plain, Batch().to(ScalarType.Float64), labels);
        AssertClose(other, one, "logits");
        foreach (var ((name, a), (_, b)) in plain.named_parameters().Zip(fused.named_parameters())) AssertClose(a.grad!, b.grad!, "gradient of " + name);
        foreach (var ((name, a), (_, b)) in plain.named_buffers().Zip(fused.named_buffers())) AssertClose(a, b, name);

        fused.eval();
        plain.eval();
        using var _ = no_grad();
        AssertClose(plain.call(Batch(5).to(ScalarType.Float64)), fused.call(Batch(5)), "evaluation");
    }

    [TestMethod]
    public void TheGradientOfTheInputIsRightToo()
    {
        using var fused = Network();
        using var plain = Network();
        plain.to(ScalarType.Float64);
        var one = Batch().requires_grad_();
        var other = Batch().to(ScalarType.Float64).requires_grad_();
        fused.call(one).pow(2).sum().backward();
        plain.call(other).pow(2).sum().backward();
        AssertClose(other.grad!, one.grad!, "gradient of the input");
    }

    [TestMethod]
    public void NaNIsNotLostOnTheWay()
    {
        // In the second layer a NaN meets the fused ReLU, which must not turn it into a zero.
        using var mlp = Network();
        var batch = Batch();
        batch.select(0, 3).fill_(float.NaN);
        Assert.IsTrue(double.IsNaN(mlp.call(batch).sum().ToDouble()));
    }

    [TestMethod]
    public void BatchNormalizationIsOptional()
    {
        using var mlp = Network(batchNormalization: false);
        Assert.HasCount(6, mlp.parameters());
        CollectionAssert.AreEqual(new long[] { 1, 10 }, mlp.call(Batch(1)).shape);
    }

    [TestMethod]
    public void WidthsBelowOneAreErrors()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Mlp(0, [4], 2));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Mlp(4, [0], 2));
    }

    private static Tensor Train(Mlp mlp, Tensor batch, Tensor labels)
    {
        mlp.train();
        var logits = mlp.call(batch);
        nn.functional.cross_entropy(logits, labels).backward();
        return logits;
    }

    /// <summary>Scales and shifts that are not 1 and 0, or half of the backward pass would go unseen.</summary>
    private static void RandomizeNorms(Mlp fused, Mlp plain)
    {
        using var _ = no_grad();
        using var generator = new Generator(13);
        foreach (var ((name, a), (_, b)) in fused.named_parameters().Zip(plain.named_parameters()))
        {
            if (!name.Contains("norm")) continue;
            a.uniform_(0.5, 1.5, generator);
            b.copy_(a);
        }
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what)
    {
        var scale = Math.Max(1e-3, expected.abs().max().ToDouble());
        var distance = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().ToDouble();
        Assert.IsLessThan(2e-5, distance / scale, what);
    }
}
