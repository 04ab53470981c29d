using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public class Gpt2Tests
{
    private static readonly Gpt2Config Config = new() { BlockSize = 45, VocabularySize = 71, Layers = 2, Heads = 3, Width = 48, Bias = true };

    private static Tensor Tokens(int seed, int time = 41)
    {
        manual_seed(seed);
        return randint(0, 71, [3, time], ScalarType.Int64);
    }

    [TestMethod]
    public void ParametersAreNamedGroupedAndCounted()
    {
        using var model = new Gpt2(Config);
        var names = model.named_parameters().Select(p => p.name).ToList();
        Assert.AreEqual("transformer.wte.weight", names[0]);
        CollectionAssert.IsSubsetOf(new[] { "transformer.h.1.attn.c_attn.bias", "transformer.h.1.mlp.c_proj.weight", "transformer.ln_f.bias" }, names);
        CollectionAssert.DoesNotContain(names, "lm_head.weight");
        Assert.AreEqual(Config.ParameterCount, model.parameters().Sum(p => p.numel()));
        var groups = model.ParameterGroups();
        CollectionAssert.AreEqual(
            new[] { ParameterRole.HiddenMatrix, ParameterRole.HiddenMatrix, ParameterRole.Embedding, ParameterRole.GainOrBias },
            groups.Select(group => group.Role).ToArray());
        Assert.HasCount(Config.Layers, groups[0].Parameters);
        Assert.AreEqual((3, Config.Heads), (groups[0].StackedMatrices, groups[0].Heads));
        Assert.HasCount(3 * Config.Layers, groups[1].Parameters);
        Assert.HasCount(2, groups[2].Parameters);
        foreach (var group in groups) Assert.AreEqual(group.Role == ParameterRole.HiddenMatrix ? null : 0.0, group.WeightDecay);
        Assert.AreEqual(names.Count, groups.Sum(g => g.Parameters.Count));
    }

    [TestMethod]
    public void AnUntiedHeadIsALinearLayerOfItsOwn()
    {
        var config = Config with { TiedHead = false, Bias = false };
        using var model = new Gpt2(config);
        Assert.AreEqual(config.ParameterCount, model.parameters().Sum(p => p.numel()));
        var head = model.named_parameters().Single(p => p.name == "lm_head.weight").parameter;
        Assert.AreSame(head, model.ParameterGroups().Single(group => group.Role == ParameterRole.Head).Parameters.Single());
        model.Loss(Tokens(1), Tokens(2)).backward();
        Assert.IsGreaterThan(0, head.grad!.abs().sum().ToDouble());
    }

    [TestMethod]
    public void WeightsComeFromTheSeedAloneAndAreSpreadAsPublished()
    {
        using var one = new Gpt2(Config with { Width = 96 }, seed: 3);
        using var other = new Gpt2(Config with { Width = 96 }, seed: 3);
        foreach (var (a, b) in one.parameters().Zip(other.parameters())) Assert.IsTrue(a.allclose(b, rtol: 0, atol: 0));
        double Deviation(string name) => one.named_parameters().Single(p => p.name == name).parameter.std().ToDouble();
        Assert.AreEqual(0.02, Deviation("transformer.h.0.attn.c_attn.weight"), 0.001);
        Assert.AreEqual(0.02 / Math.Sqrt(4), Deviation("transformer.h.1.mlp.c_proj.weight"), 0.001);
    }

    [TestMethod]
    [DataRow(1L)]
    [DataRow(3 * 71 * sizeof(float))]
    [DataRow(1L << 20)]
    public void TheLossIsTheSameInChunksOfAnySize(long chunkBytes)
    {
        using var generator = new Generator(4);
        Tensor features = Random(2, 5, 16), head = Random(71, 16), plainFeatures = Copy(features), plainHead = Copy(head);
        var targets = tensor(new long[] { 3, 70, -1, 0, 5, 5, 19, -1, 44, 2 }, [2, 5]);
        var logits = nn.functional.linear(plainFeatures, plainHead).view(-1, 71);
        var expected = nn.functional.cross_entropy(logits, targets.view(-1), ignore_index: -1);
        expected.mul(0.5).backward();

        var loss = ChunkedCrossEntropy.Mean(features, head, targets, chunkBytes: chunkBytes);
        loss.mul(0.5).backward();

        AssertClose(expected, loss, "loss");
        AssertClose(plainFeatures.grad!, features.grad!, "gradient of the features");
        AssertClose(plainHead.grad!, head.grad!, "gradient of the head");
        AssertClose(
            nn.functional.cross_entropy(logits, targets.view(-1), ignore_index: -1, reduction: nn.Reduction.None).view(2, 5),
            ChunkedCrossEntropy.Losses(features, head, targets, chunkBytes), "losses");

        Tensor Random(params long[] shape) => randn(shape, ScalarType.Float64, generator: generator).requires_grad_();
        static Tensor Copy(Tensor tensor) => tensor.detach().clone().requires_grad_();
    }

    [TestMethod]
    public void GradientsOfAScaledLossDoNotRoundToZeroInFloat16()
    {
        // 50,304 classes and 12,288 targets: without the scale a logit's gradient is 1.6e-9, the smallest number of the type 6e-8.
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        const double scale = 32768;
        Tensor features = randn([12_288, 4], generator: generator), head = randn([50_304, 4], generator: generator).mul(0.02);
        var targets = randint(0, 100, [12_288], ScalarType.Int64, generator: generator);
        var expected = HeadGradient(ScalarType.Float32, gradientScale: 1);
        var found = HeadGradient(ScalarType.Float16, gradientScale: scale);
        AssertClose(expected, found, "gradient of the classes that are no target", tolerance: 0.01);

        Tensor HeadGradient(ScalarType type, double gradientScale)
        {
            var rounded = head.to(type).detach().requires_grad_();
            ChunkedCrossEntropy.Mean(features.to(type), rounded, targets, gradientScale: gradientScale).mul(scale).backward();
            return rounded.grad![100..];
        }
    }

    [TestMethod]
    public void TargetsThatAreAllLeftOutHaveNoMeanLoss()
    {
        using var model = new Gpt2(Config);
        Assert.IsTrue(double.IsNaN(model.Loss(Tokens(1), full([3, 41], -1, ScalarType.Int64)).ToDouble()));
        Assert.AreEqual(0, model.TokenLosses(Tokens(1), full([3, 41], -1, ScalarType.Int64)).abs().sum().ToDouble());
    }

    [TestMethod]
    public void GradientsThroughTheLogitsAreThoseOfTheLoss()
    {
        using var one = new Gpt2(Config);
        using var other = new Gpt2(Config);
        one.Loss(Tokens(1), Tokens(2)).backward();
        nn.functional.cross_entropy(other.call(Tokens(1)).view(-1, 71), Tokens(2).view(-1)).backward();
        foreach (var ((name, a), (_, b)) in one.named_parameters().Zip(other.named_parameters())) AssertClose(a.grad!, b.grad!, name);
    }

    [TestMethod]
    public void FrozenParametersGetNoGradientAndTheOthersDo()
    {
        using var model = new Gpt2(Config with { Bias = false });
        foreach (var (name, parameter) in model.named_parameters()) parameter.requires_grad = name.Contains("c_fc");
        model.Loss(Tokens(1), Tokens(2)).backward();
        foreach (var (name, parameter) in model.named_parameters()) Assert.AreEqual(name.Contains("c_fc"), parameter.grad is not null, name);
    }

    [TestMethod]
    [DataRow(ScalarType.Float16, 0.01)]
    [DataRow(ScalarType.BFloat16, 0.08)]
    public void ShorterTypesComeCloseToFloat32(ScalarType type, double tolerance)
    {
        using var exact = new Gpt2(Config);
        using var rounded = new Gpt2(Config);
        rounded.to(type);
        exact.Loss(Tokens(1), Tokens(2)).backward();
        var loss = rounded.Loss(Tokens(1), Tokens(2));
        Assert.AreEqual(ScalarType.Float32, loss.dtype);
        loss.backward();
        foreach (var ((name, a), (_, b)) in exact.named_parameters().Zip(rounded.named_parameters()))
        {
            Assert.AreEqual(type, b.grad!.dtype, name);
            if (!name.Contains("c_attn.bias")) AssertClose(a.grad!, b.grad!, name, tolerance);
        }
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what, double tolerance = 2e-5)
    {
        var scale = Math.Max(1e-4, expected.abs().max().ToDouble());
        var distance = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().ToDouble();
        Assert.AreEqual(0, distance / scale, tolerance, what); // NaN would be less than anything.
    }
}
