using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public class CommunicatorTests
{
    [TestMethod]
    public void ASumIsThatOfAllRanksBeyondASliceToo()
    {
        const int Long = 3_000_001; // 12 MB: more than two slices.
        var sums = ThreadJob.Run(3, communicator =>
        {
            using Tensor floats = full(Long, communicator.Rank + 0.5f), doubles = tensor(new[] { communicator.Rank * 0.1 }), longs = tensor(1L << 40);
            communicator.AllReduceSum(floats);
            communicator.AllReduceSum(doubles);
            communicator.AllReduceSum(longs);
            return (floats.min().ToSingle(), floats.max().ToSingle(), doubles.ToDouble(), longs.ToInt64());
        });
        foreach (var sum in sums) Assert.AreEqual((4.5f, 4.5f, 0.0 + 0.1 + 0.2, 3L << 40), sum);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(2)]
    public void EveryRankReceivesTheTensorAndTheTextOfOne(int root)
    {
        var received = ThreadJob.Run(3, communicator =>
        {
            using var tensor = arange(1_500_000, ScalarType.Int64).add(communicator.Rank);
            communicator.Broadcast(tensor, root);
            return (tensor[0].ToInt64(), tensor[-1].ToInt64(), communicator.Broadcast(new string('ä', communicator.Rank), root));
        });
        foreach (var one in received) Assert.AreEqual((root, 1_499_999L + root, new string('ä', root)), one);
    }

    [TestMethod]
    public void NumbersOfWorkAreAddedUp()
    {
        var sums = ThreadJob.Run(3, communicator =>
        {
            var numbers = new double[2];
            communicator.Together(() => (numbers[0], numbers[1]) = (communicator.Rank, double.NaN), numbers);
            return numbers;
        });
        foreach (var sum in sums) CollectionAssert.AreEqual(new[] { 3, double.NaN }, sum);
    }

    [TestMethod]
    public void WorkThatFailsOnOneRankFailsOnAllWithItsMessage()
    {
        var failures = ThreadJob.Failures(3, communicator => communicator.Together(() =>
        {
            if (communicator.Rank == 1) throw new FileNotFoundException("no such thing");
        }));
        Assert.IsInstanceOfType<FileNotFoundException>(failures[1]);
        foreach (var rank in new[] { 0, 2 })
        {
            var other = Assert.IsInstanceOfType<RankFailedException>(failures[rank]);
            Assert.AreEqual(1, other.Rank);
            foreach (var part in new[] { "ank 1 of 3", Environment.MachineName, "no such thing" }) StringAssert.Contains(other.Message, part);
        }
    }

    [TestMethod]
    public void OneProcessNeedsNobody()
    {
        using var communicator = Communicator.Open();
        Assert.AreEqual((0, 1, 0, 1), (communicator.Rank, communicator.Size, communicator.LocalRank, communicator.LocalSize));
        using var one = tensor(2f);
        communicator.AllReduceSum(one);
        communicator.Broadcast(one);
        communicator.Barrier();
        Assert.AreEqual((2f, 5), (one.ToSingle(), communicator.Together(() => 5)));
        Assert.ThrowsExactly<FormatException>(() => communicator.Together(() => throw new FormatException()));
    }

    [TestMethod]
    public void WhatCannotBeExchangedIsRefused()
    {
        using var communicator = Communicator.Open(CommunicatorEngine.None);
        using Tensor half = zeros(4, 2, dtype: ScalarType.Float16), transposed = zeros(4, 2).t();
        Assert.AreEqual("tensor", Assert.ThrowsExactly<ArgumentException>(() => communicator.AllReduceSum(half)).ParamName);
        Assert.AreEqual("tensor", Assert.ThrowsExactly<ArgumentException>(() => communicator.Broadcast(transposed)).ParamName);
        Assert.AreEqual("root", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => communicator.Broadcast(half, 1)).ParamName);
        Assert.AreEqual("timeout", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Communicator.Open(timeout: TimeSpan.Zero)).ParamName);
    }

    [TestMethod]
    [DataRow("OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=4 SLURM_PROCID=0 SLURM_NTASKS=4", 4, false)]
    [DataRow("PMI_RANK=0 PMI_SIZE=2", 2, true)]
    [DataRow("PMIX_RANK=0 SLURM_STEP_NUM_TASKS=8 SLURM_NTASKS=16", 8, false)]
    [DataRow("RANK=0 WORLD_SIZE=3", 3, false)]
    [DataRow("SLURM_PROCID=0 SLURM_NTASKS=4", null, false)]
    [DataRow("", null, false)]
    public void TheLauncherIsKnownByItsVariables(string variables, int? size, bool isMpich)
    {
        var pairs = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('='));
        var known = pairs.ToDictionary(pair => pair[0], pair => pair[1]);
        var launcher = Launcher.Find(known.GetValueOrDefault);
        Assert.AreEqual((size, isMpich), (launcher?.Size, launcher?.IsMpich ?? false));
    }
}
