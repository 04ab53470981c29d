namespace Mnist;

/// <summary>What is recorded of a run, in the published order.</summary>
internal static class Metric
{
    public const int TrainLoss = 0, TestLoss = 1, TestAccuracy = 2;

    public static readonly string[] Names = ["train_loss", "test_loss", "test_accuracy"];
}
