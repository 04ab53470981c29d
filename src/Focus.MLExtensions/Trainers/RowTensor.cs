using static TorchSharp.torch;

namespace Focus;

/// <summary>A float32 matrix that grows row by row.</summary>
/// <param name="width">Columns.</param>
/// <param name="expectedRows">How many rows there will be, where it is known.</param>
internal sealed class RowTensor(int width, long? expectedRows) : IDisposable
{
    /// <summary>Rows that are open for writing at a time, as a span covers at most 2 GiB.</summary>
    private readonly long windowRows = Math.Max(1, (1 << 22) / width);

    private Tensor storage = empty(Math.Max(1, expectedRows ?? 1), width);
    private Tensor? window;
    private long windowStart;
    private long count;

    /// <summary>Adds a row, to be filled through the span.</summary>
    public Span<float> Add()
    {
        if (window is null || count == windowStart + window.shape[0]) OpenWindow();
        return window!.Floats().Slice((int)(count++ - windowStart) * width, width);
    }

    /// <summary>rows × width; shares the matrix's memory.</summary>
    public Tensor ToTensor() => storage.narrow(0, 0, count);

    public void Dispose()
    {
        window?.Dispose();
        storage.Dispose();
    }

    private void OpenWindow()
    {
        if (count == storage.shape[0]) Grow();
        window?.Dispose();
        windowStart = count;
        window = storage.narrow(0, count, Math.Min(windowRows, storage.shape[0] - count));
    }

    private void Grow()
    {
        using var old = storage;
        using var room = empty(Math.Max(count, 1024), width);
        storage = cat([old, room]);
    }
}
