namespace TorchSharp;

/// <summary>Owns the tensors that its thread creates while it is the innermost scope, and disposes them with itself.</summary>
public sealed class DisposeScope : IDisposable
{
    private DisposeScopeManager? _manager;
    private HashSet<IDisposable> _disposables = new(ReferenceEqualityComparer.Instance);

    internal DisposeScope(DisposeScopeManager manager)
    {
        _manager = manager;
        Outer = manager.Current;
    }

    internal DisposeScope? Outer { get; set; }

    private DisposeScopeManager Manager => _manager ?? throw new ObjectDisposedException(nameof(DisposeScope));

    public int DisposablesCount
    {
        get
        {
            ObjectDisposedException.ThrowIf(_manager is null, this);
            return _disposables.Count;
        }
    }

    public bool Contains(IDisposable disposable) => _disposables.Contains(disposable);

    public T MoveToOuter<T>(T disposable) where T : IDisposable => MoveTo(Outer, disposable);

    public T Detach<T>(T disposable) where T : IDisposable => MoveTo(null, disposable);

    public void Attach(IDisposable disposable)
    {
        var manager = Manager;
        if (disposable is torch.Tensor { OwningDisposeScope: null, IsInvalid: false }) manager.Counts.DetachedFromScopeCount--;
        Place(manager, this, disposable);
    }

    public void DisposeEverything()
    {
        var manager = Manager;
        var old = _disposables;
        _disposables = new(ReferenceEqualityComparer.Instance);
        DisposeAll(manager, old);
    }

    public T DisposeEverythingBut<T>(T keep) where T : IDisposable
    {
        var manager = Manager;
        var old = _disposables;
        _disposables = new(ReferenceEqualityComparer.Instance) { keep };
        old.Remove(keep);
        DisposeAll(manager, old);
        return keep;
    }

    public void Dispose()
    {
        if (_manager is null) return;
        DisposeAll(_manager, _disposables);
        _manager.Remove(this);
        _manager = null;
    }

    internal void Add(torch.Tensor tensor) => _disposables.Add(tensor);

    /// <summary>A tensor of this scope was disposed by its user.</summary>
    internal void Forget(torch.Tensor tensor)
    {
        if (_manager is not null) _manager.Counts.DisposedInScopeCount++;
        _disposables.Remove(tensor);
        tensor.OwningDisposeScope = null;
    }

    private T MoveTo<T>(DisposeScope? scope, T disposable) where T : IDisposable
    {
        var manager = Manager;
        if (_disposables.Remove(disposable)) Place(manager, scope, disposable);
        return disposable;
    }

    private static void Place(DisposeScopeManager manager, DisposeScope? scope, IDisposable disposable)
    {
        if (scope is null) manager.Counts.DetachedFromScopeCount++;
        else scope._disposables.Add(disposable);
        if (disposable is torch.Tensor tensor) tensor.OwningDisposeScope = scope;
    }

    private static void DisposeAll(DisposeScopeManager manager, HashSet<IDisposable> disposables)
    {
        foreach (var disposable in disposables)
        {
            if (disposable is torch.Tensor tensor)
            {
                tensor.OwningDisposeScope = null;
                if (!tensor.IsInvalid) manager.Counts.DisposedInScopeCount++;
            }
            else
            {
                manager.Counts.DisposedInScopeCount++;
            }
            disposable.Dispose();
        }
    }
}
