using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public class ParallelTrainingTests
{
    private const int Runs = 16, Rows = 96, Width = 20, Classes = 4;

    [TestMethod]
    public void TrainingsThatShareTheirDataDoNotDisturbEachOther()
    {
        var threads = get_num_threads();
        try
        {
            TorchThreads.UseOne();
            using var data = Data();
            var alone = Enumerable.Range(0, Runs).Select(run => Train(data, run)).ToArray();
            var together = new double[Runs];
            // Fresh threads: those of the pool may have used torch before, and then keep the number of threads they had.
            var workers = Enumerable.Range(0, Runs).Select(run => new Thread(() => together[run] = Train(data, run))).ToList();
            workers.ForEach(worker => worker.Start());
            workers.ForEach(worker => worker.Join());
            CollectionAssert.AreEqual(alone, together);
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private static double Train(ClassificationData data, int seed)
    {
        using var network = new Mlp(Width, [128, 32], Classes, seed: seed);
        var options = new TrainingOptions { BatchSize = seed % 2 == 0 ? 64 : 8, MaxSteps = 20, Seed = seed };
        return new ClassifierTraining(network, network.ParameterGroups, options).Run(data, data).Evaluation!.Value.Loss;
    }

    private static ClassificationData Data()
    {
        var random = new Random(1);
        var features = Enumerable.Range(0, Rows * Width).Select(_ => random.Next(4) == 0 ? random.NextSingle() : 0).ToArray();
        return new(tensor(features).reshape(Rows, Width), tensor(Enumerable.Range(0, Rows).Select(row => (long)(row % Classes)).ToArray()));
    }
}
