namespace Focus;

/// <summary>Tells of every step whoever wants to know.</summary>
internal sealed class Gpt2Metrics : IDisposable
{
    private readonly IProgress<Gpt2Progress>? progress;
    private readonly JsonLinesMetrics? jsonLines;
    private readonly TensorBoardMetrics? tensorBoard;

    /// <summary>Opens the files that the options name, to continue after a step, or for a new run after step 0.</summary>
    public Gpt2Metrics(Gpt2TrainingOptions options, long step)
    {
        progress = options.Progress;
        jsonLines = options.MetricsFile is { } file ? new JsonLinesMetrics(file, step) : null;
        try
        {
            tensorBoard = options.TensorBoardFolder is { } folder ? new TensorBoardMetrics(folder, step) : null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Write(Gpt2Progress step)
    {
        jsonLines?.Write(step);
        tensorBoard?.Write(step);
        progress?.Report(step);
    }

    public void Dispose()
    {
        jsonLines?.Dispose();
        tensorBoard?.Dispose();
    }
}
