using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Focus.Tests;

/// <summary><c>MLContext.CancelExecution</c>, by which AutoML stops what runs; ML.NET keeps it internal.</summary>
[TestClass]
public sealed class CancelExecutionTests
{
    /// <summary>Steps that take seconds where nobody stops them, as each waits for a moment.</summary>
    private const int Steps = 400;

    private readonly MLContext mlContext = new(seed: 1);

    [TestMethod]
    public void An_mlp_is_returned_as_trained_so_far_with_a_warning()
    {
        var warnings = new LogCollector(mlContext, ChannelMessageKind.Warning).Messages;
        var steps = 0L;
        var options = Blobs.Quick with { MaxSteps = Steps, Progress = Reports<TrainingProgress>(progress => CancelAt(3, steps = progress.Step)) };

        using var model = mlContext.Focus.Trainers.Mlp(options).Fit(mlContext.View(Blobs.Keyed(60)));

        Assert.IsLessThan(Steps, steps);
        StringAssert.Contains(warnings.Single(), $"after {steps} steps");
    }

    [TestMethod]
    public void A_gpt2_is_returned_as_trained_so_far_with_a_warning()
    {
        var warnings = new LogCollector(mlContext, ChannelMessageKind.Warning).Messages;
        var steps = 0L;
        var options = TinyGpt2.Quick with { MaxSteps = Steps, Progress = Reports<Gpt2Progress>(progress => CancelAt(3, steps = progress.Step)) };

        using var model = mlContext.Focus.Gpt2Pretrainer(options).Fit(mlContext.Tokens(Enumerable.Range(0, 40).Select(i => i % 10).ToArray()));

        Assert.IsLessThan(Steps, steps);
        StringAssert.Contains(warnings.Single(), $"after {steps} steps");
    }

    [TestMethod]
    public void A_context_that_is_cancelled_reads_no_data()
    {
        var read = 0;
        IEnumerable<T> Counted<T>(IEnumerable<T> rows) => rows.Select(row =>
        {
            read++;
            return row;
        });
        var (trainer, pretrainer) = (mlContext.Focus.Trainers.Mlp(Blobs.Quick), mlContext.Focus.Gpt2Pretrainer(TinyGpt2.Quick));

        Cancel();

        Assert.Throws<OperationCanceledException>(() => trainer.Fit(mlContext.View(Counted(Blobs.Keyed(60)))));
        Assert.Throws<OperationCanceledException>(() => pretrainer.Fit(mlContext.Tokens(Counted(Enumerable.Repeat(new[] { 1, 2, 3 }, 60)))));
        Assert.IsLessThanOrEqualTo(2, read);
    }

    [TestMethod]
    public void Texts_are_read_no_further()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("lines.txt"), string.Concat(Enumerable.Repeat("a line\n", 10)));
        var view = mlContext.Focus.Data.LoadText(folder.File("lines.txt"), perLine: true);
        using var cursor = view.GetRowCursor(view.Schema);
        Assert.IsTrue(cursor.MoveNext());

        Cancel();

        Assert.Throws<OperationCanceledException>(() => cursor.MoveNext());
    }

    private void CancelAt(long step, long current)
    {
        if (current == step) Cancel();
        Thread.Sleep(10);
    }

    private void Cancel() => typeof(MLContext).GetMethod("CancelExecution", BindingFlags.Instance | BindingFlags.NonPublic)!.Invoke(mlContext, null);

    private static IProgress<T> Reports<T>(Action<T> report) => new Progress<T>(report);

    private sealed class Progress<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
