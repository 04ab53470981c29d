using System.Collections;

namespace TorchSharp.Modules;

/// <summary>Modules in a list, registered as <c>0</c>, <c>1</c>, … .</summary>
public class ModuleList<T> : torch.nn.Module, IList<T> where T : torch.nn.Module
{
    private readonly List<T> _list;
    private bool _registered;

    public ModuleList(params T[] modules) : base(nameof(ModuleList<>)) => _list = [.. modules];

    public T this[int index] { get => _list[index]; set => _list[index] = value; }

    public int Count => _list.Count;

    public bool IsReadOnly => false;

    public void Add(T item) => _list.Add(item);

    public void Clear() => _list.Clear();

    public bool Contains(T item) => _list.Contains(item);

    public void CopyTo(T[] array, int arrayIndex) => _list.CopyTo(array, arrayIndex);

    public IEnumerator<T> GetEnumerator() => _list.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public int IndexOf(T item) => _list.IndexOf(item);

    public void Insert(int index, T item) => _list.Insert(index, item);

    public bool Remove(T item) => _list.Remove(item);

    public void RemoveAt(int index) => _list.RemoveAt(index);

    protected override void RegisterComponents()
    {
        if (_registered) return;
        for (var i = 0; i < _list.Count; i++) register_module($"{i}", _list[i]);
        _registered = true;
    }
}
