namespace Focus;

/// <summary>The finished runs of a scan in a folder: JSON lines, one file for each shard, appended to as runs finish.</summary>
/// <remarks>A file that was cut within its last line lacks that run alone: lines count once their end is there.</remarks>
internal sealed class RunLog(ScanPlan plan, string folder)
{
    private const string Pattern = "runs-*.jsonl";

    /// <summary>Whether the folder holds files of runs, of any plan.</summary>
    public bool Exists => Directory.EnumerateFiles(folder, Pattern).Any();

    /// <summary>Reads what all shards have finished.</summary>
    /// <exception cref="InvalidDataException">A line that is whole is not a run of the plan.</exception>
    public ScanResults Read()
    {
        var results = new ScanResults(plan);
        foreach (var path in Directory.EnumerateFiles(folder, Pattern).Order(StringComparer.Ordinal)) Read(path, results);
        return results;
    }

    /// <summary>Opens a shard's file for more runs.</summary>
    /// <exception cref="IOException">Another process works on the shard, or the file cannot be written.</exception>
    public Appender Open(Shard shard) => new(Path.Combine(folder, $"runs-{shard.Index}-of-{shard.Count}.jsonl"));

    private void Read(string path, ScanResults results)
    {
        // Others may be appending meanwhile.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var number = 1;
        for (int start = 0, length; (length = bytes.AsSpan(start).IndexOf((byte)'\n')) >= 0; start += length + 1, number++)
        {
            try
            {
                var (run, metrics) = RunLine.Read(plan, bytes.AsMemory(start, length));
                results.Add(run, metrics);
            }
            catch (InvalidDataException fault)
            {
                throw new InvalidDataException(
                    $"{path}, line {number}: expected a run of this plan as a line of JSON; {fault.Message}. Remove the line to have its run made anew.", fault);
            }
        }
    }

    /// <summary>Appends runs to a shard's file, which is this process's alone meanwhile.</summary>
    internal sealed class Appender : IDisposable
    {
        private readonly FileStream mark;
        private readonly FileStream stream;
        private readonly Lock gate = new();

        public Appender(string path)
        {
            try
            {
                mark = new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException fault) when (File.Exists(path + ".lock"))
            {
                throw new IOException($"{path}: another process is at work on this shard; give this one another shard, or wait.", fault);
            }
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
            stream.SetLength(WholeLines());
            stream.Position = stream.Length;
        }

        /// <summary>Appends a line, which is on the disk when the call returns.</summary>
        public void Append(ReadOnlyMemory<byte> line)
        {
            lock (gate)
            {
                stream.Write(line.Span);
                stream.Flush(flushToDisk: true);
            }
        }

        public void Dispose()
        {
            stream.Dispose();
            mark.Dispose();
        }

        /// <summary>The bytes up to the end of the last whole line.</summary>
        private long WholeLines()
        {
            for (var length = stream.Length; length > 0; length--)
            {
                stream.Position = length - 1;
                if (stream.ReadByte() == '\n') return length;
            }
            return 0;
        }
    }
}
