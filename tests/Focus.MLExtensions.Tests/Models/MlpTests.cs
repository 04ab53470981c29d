using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public class MlpTests
{
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
        CollectionAssert.AreEqual(
            new[] { ParameterRole.HiddenMatrix, ParameterRole.Head, ParameterRole.GainOrBias }, groups.Select(group => group.Role).ToArray());
        Assert.IsNull(groups[0].WeightDecay);
        Assert.IsTrue(groups[0].Parameters.All(p => p.ndim == 2));
        Assert.IsNull(groups[1].WeightDecay);
        Assert.AreEqual(0, groups[2].WeightDecay);
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
    [DataRow(false)]
    [DataRow(true, DisplayName = "with the gradient of the input")]
    public void TheNetworkIsTorchsLayersForwardAndBackward(bool inputNeedsGradient)
    {
        using var mlp = Network();
        RandomizeNorms(mlp);
        using var layers = TorchsLayers(mlp);
        Tensor labels = tensor([.. Enumerable.Range(0, 19).Select(i => i % 10L)]), one = Batch(), other = Batch();
        one.requires_grad = other.requires_grad = inputNeedsGradient;
        AssertClose(Train(layers, other, labels), Train(mlp, one, labels), "logits");

        if (inputNeedsGradient) AssertClose(other.grad!, one.grad!, "gradient of the input");
        var gradients = layers.named_parameters().ToDictionary(item => item.name, item => item.parameter.grad!);
        foreach (var (name, parameter) in mlp.named_parameters()) AssertClose(gradients[TorchsName(name)], parameter.grad!, "gradient of " + name);
        var buffers = layers.named_buffers().ToDictionary(item => item.name, item => item.buffer);
        foreach (var (name, buffer) in mlp.named_buffers()) AssertClose(buffers[TorchsName(name)], buffer, name);

        mlp.eval();
        layers.eval();
        using var _ = no_grad();
        AssertClose(layers.call(Batch(5)), mlp.call(Batch(5)), "evaluation");
    }

    [TestMethod]
    public void NaNIsNotLostOnTheWay()
    {
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

    private static Tensor Train(nn.Module<Tensor, Tensor> network, Tensor batch, Tensor labels)
    {
        network.train();
        var logits = network.call(batch);
        nn.functional.cross_entropy(logits, labels).backward();
        return logits;
    }

    /// <summary>Scales and shifts that are not 1 and 0, or half of the backward pass would go unseen.</summary>
    private static void RandomizeNorms(Mlp mlp)
    {
        using var _ = no_grad();
        using var generator = new Generator(13);
        foreach (var (name, parameter) in mlp.named_parameters())
            if (name.Contains("norm")) parameter.uniform_(0.5, 1.5, generator);
    }

    /// <summary>The same network of TorchSharp's own layers, with the same weights.</summary>
    private static nn.Module<Tensor, Tensor> TorchsLayers(Mlp mlp)
    {
        var layers = nn.Sequential(
            ("norm0", nn.BatchNorm1d(77)), ("linear0", nn.Linear(77, 64)), ("relu1", nn.ReLU()),
            ("norm1", nn.BatchNorm1d(64)), ("linear1", nn.Linear(64, 45)), ("relu2", nn.ReLU()),
            ("norm2", nn.BatchNorm1d(45)), ("linear2", nn.Linear(45, 10)));
        var targets = layers.named_parameters().ToDictionary(item => item.name, item => item.parameter);
        using var _ = no_grad();
        foreach (var (name, parameter) in mlp.named_parameters()) targets[TorchsName(name)].copy_(parameter);
        return layers;
    }

    /// <summary>The name that a tensor of the network has in <see cref="TorchsLayers"/>: linear0.weight for layers.0.weight, norm0.weight for
    /// layers.0.norm.weight.</summary>
    private static string TorchsName(string name)
    {
        var parts = name.Split('.');
        return (parts[2] == "norm" ? "norm" : "linear") + parts[1] + "." + parts[^1];
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what)
    {
        var scale = Math.Max(1e-3, expected.abs().max().ToDouble());
        var distance = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().ToDouble();
        Assert.AreEqual(0, distance / scale, 2e-5, what); // NaN would be less than anything.
    }

    [TestMethod]
    public void AnInputThatIsNotRowsOfTheFeaturesIsOneLine()
    {
        using var mlp = Network();
        foreach (var (input, found) in new[]
                 {
                     (zeros(4, 76), "[4, 76] of Float32"), (zeros(77), "[77] of Float32"), (zeros(2, 3, 77), "[2, 3, 77] of Float32"),
                     (zeros(4, 77, ScalarType.Float64), "[4, 77] of Float64"), (zeros(1, 77), "at least 2"), (zeros(4, 77, device: META), "meta"),
                 })
        {
            var error = Assert.ThrowsExactly<ArgumentException>(() => mlp.call(input));
            Assert.AreEqual("input", error.ParamName);
            Assert.DoesNotContain('\n', error.Message);
            StringAssert.Contains(error.Message, found);
        }
        Assert.Throws<ArgumentNullException>(() => mlp.forward(null!));
        mlp.eval();
        Assert.AreEqual(1, mlp.call(zeros(1, 77)).shape[0]);
    }
}
