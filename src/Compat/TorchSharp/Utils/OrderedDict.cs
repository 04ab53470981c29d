#nullable disable // TorchSharp leaves this type unannotated.
using System.Collections;

namespace TorchSharp.Utils;

/// <summary>A dictionary that enumerates its entries in the order in which they were added.</summary>
public class OrderedDict<TKey, TValue> : IEnumerable<(TKey, TValue)>
{
    private readonly List<(TKey Key, TValue Value)> _entries = [];
    private readonly Dictionary<TKey, int> _places = [];

    public TValue this[TKey key]
    {
        get => _entries[_places[key]].Value;
        set
        {
            if (_places.TryGetValue(key, out var place)) _entries[place] = (key, value);
            else Add(key, value);
        }
    }

    public void Add(TKey key, TValue value)
    {
        _places.Add(key, _entries.Count);
        _entries.Add((key, value));
    }

    public bool ContainsKey(TKey key) => _places.ContainsKey(key);

    public bool TryGetValue(TKey key, out TValue value)
    {
        var found = _places.TryGetValue(key, out var place);
        value = found ? _entries[place].Value : default;
        return found;
    }

    public bool Remove(TKey key)
    {
        if (!_places.Remove(key, out var place)) return false;
        _entries.RemoveAt(place);
        for (var i = place; i < _entries.Count; i++) _places[_entries[i].Key] = i;
        return true;
    }

    public IEnumerator<(TKey, TValue)> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
