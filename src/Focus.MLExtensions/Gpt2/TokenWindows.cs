using static TorchSharp.torch;

namespace Focus;

/// <summary>Scores sequences of tokens with a GPT-2: cut into windows of at most a block, of which those of similar length are scored
/// together.</summary>
internal static class TokenWindows
{
    /// <summary>The tokens scored together, padding included: enough to keep the processor busy, few enough for little memory.</summary>
    private const int BatchTokens = 1024;

    private const int NoTarget = -1;

    /// <summary>The mean loss of each sequence's tokens after the first, in nats; NaN where there are none.</summary>
    public static double[] MeanLosses(Gpt2 network, ReadOnlySpan<int[]> sequences)
    {
        var sums = new double[sequences.Length];
        var windows = Cut(sequences, network.Config.BlockSize).OrderBy(window => window.Length).ToArray();
        for (int start = 0, end; start < windows.Length; start = end)
        {
            end = start + 1;
            while (end < windows.Length && (end + 1 - start) * (long)windows[end].Length <= BatchTokens) end++;
            Score(network, windows.AsSpan(start, end - start), sequences, sums);
        }
        for (var i = 0; i < sums.Length; i++) sums[i] = sequences[i].Length > 1 ? sums[i] / (sequences[i].Length - 1) : double.NaN;
        return sums;
    }

    private static List<Window> Cut(ReadOnlySpan<int[]> sequences, int blockSize)
    {
        var windows = new List<Window>();
        for (var sequence = 0; sequence < sequences.Length; sequence++)
        {
            var predicted = sequences[sequence].Length - 1;
            for (var start = 0; start < predicted; start += blockSize)
                windows.Add(new Window(sequence, start, Math.Min(blockSize, predicted - start)));
        }
        return windows;
    }

    /// <summary>Adds the losses of windows, the last of which is the longest, to the sums of their sequences.</summary>
    private static void Score(Gpt2 network, ReadOnlySpan<Window> windows, ReadOnlySpan<int[]> sequences, Span<double> sums)
    {
        var width = windows[^1].Length;
        var tokens = new long[windows.Length * width];
        var targets = new long[tokens.Length];
        Array.Fill(targets, NoTarget);
        for (var i = 0; i < windows.Length; i++)
        {
            var (sequence, start, length) = windows[i];
            for (var t = 0; t < length; t++)
                (tokens[i * width + t], targets[i * width + t]) = (sequences[sequence][start + t], sequences[sequence][start + t + 1]);
        }

        using var scope = NewDisposeScope();
        var device = network.parameters().First().device;
        var losses = network.TokenLosses(ToTensor(tokens), ToTensor(targets)).cpu().Floats();
        for (var i = 0; i < windows.Length; i++)
            foreach (var loss in losses.Slice(i * width, windows[i].Length)) sums[windows[i].Sequence] += loss;

        Tensor ToTensor(long[] values) => tensor(values, [values.Length / width, width], device: device);
    }

    /// <summary>Some tokens of a sequence, whose successors are predicted.</summary>
    private readonly record struct Window(int Sequence, int Start, int Length);
}
