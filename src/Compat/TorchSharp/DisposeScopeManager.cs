namespace TorchSharp;

/// <summary>The dispose scopes of one thread.</summary>
public class DisposeScopeManager
{
    [ThreadStatic] private static DisposeScopeManager? _ofThread;

    internal static DisposeScopeManager OfThread => _ofThread ??= new();

    /// <summary>Counts of this thread's tensors.</summary>
    public static ThreadDisposeScopeStatistics Statistics => OfThread.Counts;

    internal ThreadDisposeScopeStatistics Counts { get; } = new();

    internal DisposeScope? Current { get; private set; }

    internal DisposeScope Enter() => Current = new DisposeScope(this);

    internal DisposeScope? Register(torch.Tensor tensor)
    {
        if (Current is null)
        {
            Counts.CreatedOutsideScopeCount++;
            return null;
        }
        Counts.CreatedInScopeCount++;
        Current.Add(tensor);
        return Current;
    }

    /// <summary>Takes a scope out of the chain, wherever in it the scope is.</summary>
    internal void Remove(DisposeScope scope)
    {
        if (Current == scope)
        {
            Current = scope.Outer;
            return;
        }
        for (var inner = Current; inner is not null; inner = inner.Outer)
            if (inner.Outer == scope) inner.Outer = scope.Outer;
    }
}
