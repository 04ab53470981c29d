using System.Diagnostics;
using Focus.Benchmarks.Harness;
using Microsoft.ML.Tokenizers;

namespace Focus.Benchmarks.Suites.Gpt2;

/// <summary>How fast GPT-2's tokenizer reads WikiText-2, in bytes of UTF-8, on one core and shared by two.</summary>
internal static class TokenizerFigures
{
    private const string FolderVariable = "FOCUS_BENCHMARK_TEXTS";
    private const double Budget = 15;

    /// <summary>Passes over the texts in each turn: long enough for two threads to even out what disturbs one of them for a moment.</summary>
    private const int Passes = 5;

    public static void Add(BenchmarkReport report)
    {
        var folder = Environment.GetEnvironmentVariable(FolderVariable) ?? Path.Combine("..", "shared", "data", "text");
        var files = Directory.Exists(folder) ? Directory.GetFiles(folder, "wikitext2-*.txt") : [];
        if (files.Length == 0)
        {
            report.Note($"no wikitext2-*.txt in {folder} ({FolderVariable} names another folder): the tokenizer's speed is left out");
            return;
        }

        var tokenizer = TiktokenTokenizer.CreateForModel("gpt2");
        string[] texts = [.. files.Select(File.ReadAllText)];
        var megabytes = files.Sum(file => new FileInfo(file).Length) / 1e6;
        var work = () =>
        {
            for (var pass = 0; pass < Passes; pass++) Array.ForEach(texts, text => tokenizer.EncodeToIds(text));
        };
        var seconds = SideBySide.Medians(Budget, SideBySide.Repeat(work), repeats => OnTwoCores(work, repeats));
        report.Add("tokenize_mb_per_s_1_core", Passes * megabytes / seconds[0], "MB/s");
        report.Add("tokenize_speedup_2_cores", 2 * seconds[0] / seconds[1], "ratio");
    }

    /// <summary>The seconds in which two threads each do all the work.</summary>
    private static double OnTwoCores(Action work, int repeats)
    {
        var threads = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < repeats; i++) work();
        })).ToList();
        var start = Stopwatch.GetTimestamp();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
