using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Torch.Tests.Models;

[TestClass]
public class Gpt2Tests
{
    /// <summary>Sizes that are no multiples of blocks or vectors, but for the heads', which the fused attention needs.</summary>
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
        Assert.IsNull(groups[0].WeightDecay);
        Assert.HasCount(4 * Config.Layers, groups[0].Parameters);
        Assert.AreEqual(0, groups[1].WeightDecay);
        Assert.AreEqual(names.Count, groups.Sum(g => g.Parameters.Count));
    }

    [TestMethod]
    public void AnUntiedHeadIsALinearLayerOfItsOwn()
    {
        var config = Config with { TiedHead = false, Bias = false };
        using var model = new Gpt2(config);
        Assert.AreEqual(config.ParameterCount, model.parameters().Sum(p => p.numel()));
        var head = model.named_parameters().Single(p => p.name == "lm_head.weight").parameter;
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
    [DataRow(0.0, 3, 16, 41)]
    [DataRow(0.3, 3, 16, 41)]
    [DataRow(0.0, 2, 64, 77)]
    [DataRow(0.3, 1, 80, 80)]
    public void FusedOperationsMatchPlainOnesForwardAndBackward(double dropout, int heads, int size, int time)
    {
        // In float64 the operations are TorchSharp's own; the fused ones take float32, in wide tiles from 64 columns on.
        var config = Config with { Dropout = dropout, Heads = heads, Width = heads * size, BlockSize = 80 };
        using var fused = new Gpt2(config);
        using var plain = new Gpt2(config);
        Randomize(fused);
        plain.to(ScalarType.Float64);
        Copy(fused, plain);
        Tensor tokens = Tokens(1, time), targets = Tokens(2, time);
        targets[0].narrow(0, 5, 1).fill_(-1);
        foreach (var model in new[] { fused, plain })
        {
            manual_seed(7);
            (model.Loss(tokens, targets) * 0.5).backward();
            manual_seed(7);
            model.Loss(tokens, targets).backward();
        }
        foreach (var ((name, a), (_, b)) in plain.named_parameters().Zip(fused.named_parameters())) AssertClose(a.grad!, b.grad!, "gradient of " + name);

        fused.eval();
        plain.eval();
        AssertClose(plain.call(tokens), fused.call(tokens), "logits");
        AssertClose(plain.Loss(tokens, targets), fused.Loss(tokens, targets), "loss");
        AssertClose(plain.TokenLosses(tokens, targets), fused.TokenLosses(tokens, targets), "token losses");
        Assert.AreEqual(0, fused.TokenLosses(tokens, targets)[0, 5].ToDouble());
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

    [TestMethod]
    public void NaNIsNotLostOnTheWay()
    {
        using var model = new Gpt2(Config);
        using (no_grad()) model.named_parameters().Single(p => p.name == "transformer.h.0.mlp.c_fc.weight").parameter[0].narrow(0, 0, 1).fill_(float.NaN);
        Assert.IsTrue(double.IsNaN(model.Loss(Tokens(1), Tokens(2)).ToDouble()));
    }

    [TestMethod]
    public void ALossIsDifferentiatedOnce()
    {
        using var model = new Gpt2(Config);
        var loss = model.Loss(Tokens(1), Tokens(2));
        autograd.backward([loss], retain_graph: true);
        StringAssert.Contains(Assert.Throws<Exception>(() => loss.backward()).Message, "differentiated twice");
    }

    private static void Randomize(Gpt2 model)
    {
        using var _ = no_grad();
        manual_seed(5);
        foreach (var parameter in model.parameters()) parameter.add_(randn(parameter.shape) * 0.1);
    }

    private static void Copy(Gpt2 source, Gpt2 target)
    {
        using var _ = no_grad();
        foreach (var (a, b) in source.parameters().Zip(target.parameters())) b.copy_(a);
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what, double tolerance = 2e-5)
    {
        var scale = Math.Max(1e-4, expected.abs().max().ToDouble());
        var distance = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().ToDouble();
        Assert.AreEqual(0, distance / scale, tolerance, what); // NaN would be less than anything.
    }
}
