using Microsoft.ML.Runtime;

namespace Focus;

/// <summary>A cancellation token that follows a program's own and <c>MLContext.CancelExecution</c>, which only raises a flag.</summary>
internal sealed class ExecutionCancellation : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly IHost host;
    private readonly CancellationTokenSource source;
    private readonly Timer timer;

    public ExecutionCancellation(IHost host, CancellationToken token)
    {
        this.host = host;
        source = CancellationTokenSource.CreateLinkedTokenSource(token);
        Look();
        timer = new Timer(_ => Look(), null, Interval, Interval);
    }

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        timer.DisposeAsync().AsTask().Wait(); // A look that is under way still needs the source.
        source.Dispose();
    }

    private void Look()
    {
        if (MlNetInternals.Current.IsCanceled(host)) source.Cancel();
    }
}
