namespace Focus.Benchmarks;

/// <summary>What speeds depend on: the processor, how many of its cores this process may use, and its widest instructions.</summary>
internal sealed record Machine(string Processor, int Cores, bool Avx512, bool Avx512BFloat16, bool Amx)
{
    private const string Description = "/proc/cpuinfo";

    /// <summary>Describes this machine; only Linux tells more than its cores.</summary>
    public static Machine Describe()
    {
        var lines = File.Exists(Description) ? File.ReadAllLines(Description) : [];
        var flags = Value(lines, "flags").Split(' ');
        return new Machine(
            Value(lines, "model name"), Environment.ProcessorCount,
            Avx512: flags.Contains("avx512f"), Avx512BFloat16: flags.Contains("avx512_bf16"), Amx: flags.Contains("amx_tile"));
    }

    public override string ToString()
        => $"{Processor}, {Cores} cores, AVX-512: {Word(Avx512)}, AVX512_BF16: {Word(Avx512BFloat16)}, AMX: {Word(Amx)}";

    private static string Word(bool present) => present ? "yes" : "no";

    /// <summary>The value of the first line with a key, as in <c>model name : …</c>.</summary>
    private static string Value(string[] lines, string key)
        => lines.FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
}
