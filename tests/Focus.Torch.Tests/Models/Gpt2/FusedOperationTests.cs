using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Torch.Tests.Models;

/// <summary>The single operations of GPT-2, where a whole model small enough for tests does not go.</summary>
[TestClass]
public class FusedOperationTests
{
    [TestMethod]
    [DataRow(1L)]
    [DataRow(3 * 71 * sizeof(float))]
    [DataRow(1L << 20)]
    public void TheLossIsTheSameInChunksOfAnySize(long chunkBytes)
    {
        using var generator = new Generator(4);
        var features = randn([2, 5, 16], generator: generator).requires_grad_();
        using var head = new Parameter(randn([71, 16], generator: generator));
        var targets = tensor(new long[] { 3, 70, -1, 0, 5, 5, 19, -1, 44, 2 }, [2, 5]);
        Tensor wideFeatures = Wide(features), wideHead = Wide(head);
        var expected = Operation.CrossEntropy(wideFeatures, wideHead, targets);
        expected.backward();

        var loss = FusedCrossEntropy.Apply(features, head, targets, chunkBytes);
        loss.backward();

        AssertClose(expected, loss);
        AssertClose(wideFeatures.grad!, features.grad!);
        AssertClose(wideHead.grad!, head.grad!);
        AssertClose(
            Operation.CrossEntropies(wideFeatures, wideHead, targets), FusedCrossEntropy.Losses(features, head, targets, chunkBytes));
    }

    [TestMethod]
    public void ProductsOfQueriesAndKeysDoNotOverflowBeforeTheyAreScaled()
    {
        // As in float16 on a GPU, where 65504 is the limit.
        using var projected = cat([full([1, 4, 32], 1e20f), ones([1, 4, 16])], -1);
        var output = Operation.CausalAttention(projected, heads: 1, scale: 1e-35, dropout: 0);
        Assert.AreEqual(0, (output - 1).abs().max().ToDouble(), 1e-6);
    }

    [TestMethod]
    public void WhatDoesNotFitASpanTakesThePlainOperations()
    {
        // Memory that nothing touches is not taken.
        using var _ = no_grad();
        using var projected = empty([1, 8192, 3 * 256]);
        Assert.IsTrue(FusedAttention.CanTake(projected, heads: 16, dropout: 0));
        Assert.IsFalse(FusedAttention.CanTake(projected, heads: 16, dropout: 0.1), "16 × 8192² factors");
        using var generator = new Generator(1);
        using var layers = new Gpt2FeedForward(new Gpt2Config { Width = 16 }, generator);
        using var input = empty([1, (1 << 23) + 1, 16]);
        Assert.IsTrue(FusedFeedForward.CanTake(input.narrow(1, 0, 1 << 22), layers));
        Assert.IsFalse(FusedFeedForward.CanTake(input, layers), "four times 2²⁷ features");
    }

    private static Tensor Wide(Tensor tensor) => tensor.detach().to(ScalarType.Float64).requires_grad_();

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        CollectionAssert.AreEqual(expected.shape, actual.shape);
        Assert.AreEqual(0, (expected - actual).abs().max().ToDouble(), 1e-5);
    }
}
