using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Focus.Benchmarks;

/// <summary>How fast GPT-2's tokenizer reads this repository's sources, paragraph by paragraph, alone and with two threads; and how
/// fast a token file the size of OpenWebText's opens.</summary>
internal static class TokenizerSuite
{
    private const double Budget = 10;
    private const long FileLength = 17_000_000_000;
    private const int Opens = 50;

    /// <summary>GPT-2's block, and the token to be predicted from its last.</summary>
    private const int SequenceLength = 1025;

    public static void Run(Report report)
    {
        var tokenizer = NamedTokenizer.Gpt2();
        var paragraphs = Paragraphs();
        var seconds = SideBySide.Medians(
            Budget,
            passes => Encode(tokenizer, paragraphs, passes, threads: 1),
            passes => Encode(tokenizer, paragraphs, passes, threads: 2));
        report.Add("tokenize_mb_per_s_1_core", paragraphs.Sum(Encoding.UTF8.GetByteCount) / 1e6 / seconds[0], "MB/s");
        report.Add("tokenize_speedup_2_workers", seconds[0] / seconds[1], "ratio");
        report.Add("token_file_open_ms", OpenMilliseconds(), "ms");
    }

    /// <summary>The parts between the blank lines of the libraries' sources.</summary>
    private static string[] Paragraphs([CallerFilePath] string path = "")
    {
        var sources = Path.Combine(Path.GetDirectoryName(path)!, "..", "..", "src");
        var files = Directory.GetFiles(sources, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
        return [.. files.SelectMany(file => File.ReadAllText(file).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))];
    }

    /// <summary>The seconds in which threads that take paragraphs in turn, as the workers of a corpus do, go through all of them some
    /// times.</summary>
    private static double Encode(NamedTokenizer tokenizer, string[] paragraphs, int passes, int threads)
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

    /// <summary>The median time in which the file opens and gives its first sequence.</summary>
    private static double OpenMilliseconds()
    {
        var path = Path.GetTempFileName();
        try
        {
            using (var stream = File.Create(path)) stream.SetLength(FileLength); // Sparse: takes no room on the disk.
            var sequence = new int[SequenceLength];
            var times = Enumerable.Range(0, Opens).Select(i =>
            {
                var start = Stopwatch.GetTimestamp();
                using (var tokens = TokenFile.Open(path)) tokens.Read(i * SequenceLength, sequence);
                return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            });
            return times.Order().ElementAt(Opens / 2);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
