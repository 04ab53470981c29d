using System.Diagnostics;
using Focus.Benchmarks.Harness;

namespace Focus.Benchmarks.Suites.Gpt2;

/// <summary>How fast a token file the size of OpenWebText's opens, and how fast sequences for training are read from it.</summary>
internal static class TokenFileFigures
{
    private const long FileLength = 17_000_000_000;

    /// <summary>GPT-2's block, and the token to be predicted from its last.</summary>
    private const int SequenceLength = 1025;

    private const int Opens = 50;
    private const int Reads = 20_000;

    public static void Add(BenchmarkReport report)
    {
        var path = Path.Combine(Path.GetTempPath(), $"focus-bench-{Path.GetRandomFileName()}.bin");
        try
        {
            using (var stream = File.Create(path)) stream.SetLength(FileLength); // Sparse: takes no room on the disk.
            report.Add("token_file_open_ms", MedianOpen(path), "ms");
            using var tokens = TokenFile.Open(path);
            ReadAtRandom(tokens); // Loads pages and settles compilation.
            report.Add("token_file_random_read_us", ReadAtRandom(tokens), "us");
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static double MedianOpen(string path)
    {
        var first = new int[SequenceLength];
        var times = new double[Opens];
        for (var i = 0; i < Opens; i++)
        {
            var start = Stopwatch.GetTimestamp();
            using (var tokens = TokenFile.Open(path)) tokens.Read(i * SequenceLength, first);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
        Array.Sort(times);
        return times[Opens / 2];
    }

    /// <summary>Microseconds for a sequence of 1,025 tokens anywhere in the first gigabyte, which fits into memory.</summary>
    private static double ReadAtRandom(TokenFile tokens)
    {
        var random = new Random(1);
        var sequence = new int[SequenceLength];
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Reads; i++) tokens.Read(random.NextInt64(500_000_000), sequence);
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / Reads;
    }
}
