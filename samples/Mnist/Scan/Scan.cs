using System.Diagnostics;
using Focus;
using Spectre.Console;

namespace Mnist;

/// <summary>Makes the runs of a scan that are missing, and writes what is known.</summary>
internal static class Scan
{
    /// <exception cref="OperationCanceledException">The scan was interrupted; finished runs are kept.</exception>
    public static void Run(ScanSettings settings, CancellationToken cancellation)
    {
        using var data = ScanData.Load(settings.Data);
        var plan = settings.Plan(data.Describe());
        var shard = Shard.Parse(settings.Shard);
        shard.Of(plan.RunCount, "runs");
        RequireFittingBatches(plan, data.Train.Count);

        // A run on one thread has the same bits whatever else runs, and cores that need not wait for each other make the most runs.
        TorchThreads.UseOne();
        var scan = new TrainingScan(plan, settings.Out);
        var trainer = new ScanTrainer(plan, settings.EvaluateEvery, data);
        var clock = Stopwatch.StartNew();
        ScanProgressBar.Show(progress => scan.Run(trainer.Train, shard, Cost, progress, settings.Workers, cancellation));
        AnsiConsole.MarkupLineInterpolated($@"Trained for {clock.Elapsed:d\.hh\:mm\:ss\.f}.");
        Publish(scan, settings.Out);
    }

    /// <summary>The time of a run, in that of a step's fixed part: each image adds about 1/40 of it.</summary>
    private static double Cost(ScanRun run) => 1 + run.BatchSize / 40.0;

    /// <summary>Batch normalisation needs two images.</summary>
    private static void RequireFittingBatches(ScanPlan plan, long images)
    {
        foreach (var size in plan.BatchSizes)
            if (size < 2 || size > images) throw new ArgumentException($"--batch-sizes holds {size}; valid is 2 to {images}, the training images.");
    }

    /// <summary>Writes what shards found, and again if others finished runs meanwhile: the last shard to write has seen all runs.</summary>
    private static void Publish(TrainingScan scan, string folder)
    {
        var results = scan.Read();
        for (var seen = -1; results.FinishedRuns > seen; results = scan.Read())
        {
            seen = results.FinishedRuns;
            ScanReport.Write(results, folder);
        }
        ScanReport.Print(results, folder);
    }
}
