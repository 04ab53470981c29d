using System.Collections;

namespace TorchSharp.Modules;

/// <summary>Modules in a list, registered as <c>0</c>, <c>1</c>, … .</summary>
public class ModuleList<T> : torch.nn.Module, IEnumerable<T> where T : torch.nn.Module
{
    private readonly List<T> _list;
    private bool _registered;

    public ModuleList(params T[] modules) : base(nameof(ModuleList<>)) => _list = [.. modules];

    public T this[int index] => _list[index];

    public int Count => _list.Count;

    public IEnumerator<T> GetEnumerator() => _list.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    protected override void RegisterComponents()
    {
        if (_registered) return;
        for (var i = 0; i < _list.Count; i++) register_module($"{i}", _list[i]);
        _registered = true;
    }
}
