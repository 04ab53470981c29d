using System.Diagnostics;
using System.Text;
using Focus.Benchmarks.Harness;
using Microsoft.ML.Tokenizers;

namespace Focus.Benchmarks.Suites.Gpt2;

/// <summary>How fast GPT-2's tokenizer reads the paragraphs of WikiText-2, in bytes of UTF-8, on one core and shared by two.</summary>
internal static class TokenizerFigures
{
    private const string FolderVariable = "FOCUS_BENCHMARK_TEXTS";
    private const double Budget = 15;

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
        string[] paragraphs = [.. files.SelectMany(File.ReadLines).Where(line => !string.IsNullOrWhiteSpace(line))];
        var megabytes = paragraphs.Sum(Encoding.UTF8.GetByteCount) / 1e6;
        var seconds = SideBySide.Medians(
            Budget, passes => Encode(tokenizer, paragraphs, passes, threads: 1), passes => Encode(tokenizer, paragraphs, passes, threads: 2));
        report.Add("tokenize_mb_per_s_1_core", megabytes / seconds[0], "MB/s");
        report.Add("tokenize_speedup_2_cores", seconds[0] / seconds[1], "ratio");
    }

    /// <summary>The seconds in which threads that take paragraphs in turn, as the workers of a corpus do, go through all of them some times.</summary>
    private static double Encode(TiktokenTokenizer tokenizer, string[] paragraphs, int passes, int threads)
    {
        var next = -1;
        var workers = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            while (Interlocked.Increment(ref next) is var paragraph && paragraph < passes * paragraphs.Length)
                tokenizer.EncodeToIds(paragraphs[paragraph % paragraphs.Length]);
        })).ToList();
        var start = Stopwatch.GetTimestamp();
        workers.ForEach(thread => thread.Start());
        workers.ForEach(thread => thread.Join());
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
