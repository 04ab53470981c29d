using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public class DataParallelTests
{
    private const int Rows = 12, Steps = 5;

    [TestMethod]
    [DataRow(2)]
    [DataRow(3)]
    public void RanksWithSharesOfABatchTakeTheStepsOfOneWithAllOfIt(int size)
    {
        var alone = ThreadJob.Run(1, communicator => Train(communicator, seed: 0))[0];
        var together = ThreadJob.Run(size, communicator => Train(communicator, seed: communicator.Rank));
        foreach (var weights in together)
        {
            CollectionAssert.AreEqual(together[0], weights);
            for (var i = 0; i < alone.Length; i++) Assert.AreEqual(alone[i], weights[i], 1e-6f);
        }
    }

    [TestMethod]
    public void AParameterThatNoBackwardPassReachesTakesPartWithZeros()
    {
        var gradients = ThreadJob.Run(2, communicator =>
        {
            using var used = nn.Linear(2, 1, hasBias: false);
            using var all = nn.Sequential(used, nn.Linear(1, 2, hasBias: false));
            using var parallel = new DataParallel(all, communicator);
            if (communicator.Rank == 1) used.call(ones(1, 2)).sum().backward();
            parallel.AverageGradients();
            return all.parameters().SelectMany(parameter => parameter.grad!.data<float>().ToArray()).ToArray();
        });
        foreach (var mean in gradients) CollectionAssert.AreEqual(new[] { 0.5f, 0.5f, 0, 0 }, mean);
    }

    [TestMethod]
    public void BuffersAndFrozenParametersAreThoseOfRank0()
    {
        var means = ThreadJob.Run(2, communicator =>
        {
            using var norm = nn.BatchNorm1d(3);
            foreach (var tensor in norm.parameters().Cast<Tensor>().Append(norm.running_mean!)) Fill(tensor, communicator.Rank + 1);
            foreach (var parameter in norm.parameters()) parameter.requires_grad = false;
            using var parallel = new DataParallel(norm, communicator);
            return (norm.weight!.sum().ToSingle(), norm.running_mean!.sum().ToSingle());
        });
        foreach (var mean in means) Assert.AreEqual((3f, 3f), mean);

        static void Fill(Tensor tensor, int value)
        {
            using var _ = no_grad();
            tensor.fill_(value);
        }
    }

    [TestMethod]
    [DataRow(4, "rate 1", "weight")]
    [DataRow(3, "rate 2", "rate 2")]
    public void WhatDiffersIsNamedOnAllRanks(int inputs, string rate, string expected)
    {
        var failures = ThreadJob.Failures(3, communicator =>
        {
            var isOther = communicator.Rank == 2;
            using var module = nn.Linear(isOther ? inputs : 3, 1);
            new DataParallel(module, communicator, [new("learning rate", isOther ? rate : "rate 1")]).Dispose();
        });
        Assert.IsInstanceOfType<ArgumentException>(failures[2]);
        Assert.AreEqual(2, Assert.IsInstanceOfType<RankFailedException>(failures[0]).Rank);
        foreach (var failure in failures) StringAssert.Contains(failure!.Message, expected);
    }

    [TestMethod]
    public void RemovedGradientsAreAnErrorAndNotExchangedSilently()
    {
        var failures = ThreadJob.Failures(2, communicator =>
        {
            using var module = nn.Linear(3, 1);
            using var parallel = new DataParallel(module, communicator);
            module.zero_grad();
            module.call(ones(1, 3)).sum().backward();
            parallel.AverageGradients();
        });
        foreach (var failure in failures) StringAssert.Contains(Assert.IsInstanceOfType<InvalidOperationException>(failure).Message, "ZeroGradients");
    }

    /// <summary>Trains on this rank's share of each batch, from initial weights of its own, in two micro-batches a step.</summary>
    private static float[] Train(Communicator communicator, int seed)
    {
        using var outer = NewDisposeScope();
        using var module = new Mlp(4, [5], 1, batchNormalization: false, seed: seed);
        using var parallel = new DataParallel(module, communicator);
        using var optimizer = new AdamWOptions { LearningRate = 0.01 }.CreateOptimizer(module.ParameterGroups());
        var share = Rows / communicator.Size / 2;
        for (var step = 0; step < Steps; step++)
        {
            using var scope = NewDisposeScope();
            parallel.ZeroGradients();
            for (var micro = 0; micro < 2; micro++)
            {
                var features = Features(step).narrow(0, (communicator.Rank * 2 + micro) * share, share);
                module.call(features).square().mean().div(2).backward();
            }
            parallel.AverageGradients();
            optimizer.step();
        }
        return [.. module.parameters().SelectMany(parameter => parameter.data<float>().ToArray())];
    }

    private static Tensor Features(int step)
    {
        var random = new Random(step);
        return tensor(Enumerable.Range(0, Rows * 4).Select(_ => random.NextSingle()).ToArray()).reshape(Rows, 4);
    }
}
