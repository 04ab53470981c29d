using System.Collections;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>The columns of a view. A later column hides an earlier one of the same name.</summary>
public sealed partial class DataViewSchema : IReadOnlyList<DataViewSchema.Column>
{
    private readonly Column[] _columns;
    private readonly Dictionary<string, int> _visible;

    private DataViewSchema(Column[] columns, Dictionary<string, int> visible)
    {
        _columns = columns;
        _visible = visible;
    }

    public int Count => _columns.Length;

    public Column this[string name] => GetColumnOrNull(name)
        ?? throw new ArgumentOutOfRangeException(nameof(name), $"The schema has no column '{name}'; it has {Names()}.");

    public Column this[int columnIndex]
    {
        get
        {
            Require.Argument(columnIndex >= 0 && columnIndex < Count, nameof(columnIndex), $"The schema has {Count} columns, no column {columnIndex}.");
            return _columns[columnIndex];
        }
    }

    public Column? GetColumnOrNull(string name)
    {
        CheckName(name);
        return _visible.TryGetValue(name, out var index) ? _columns[index] : null;
    }

    public IEnumerator<Column> GetEnumerator() => ((IEnumerable<Column>)_columns).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"{Count} columns";

    private static void CheckName(string name)
    {
        if (string.IsNullOrEmpty(name)) throw new ArgumentNullException(nameof(name));
    }

    private string Names() => string.Join(", ", _visible.Keys.Select(name => $"'{name}'"));

    /// <summary>A column at its place in a schema.</summary>
    public struct Column
    {
        internal Column(string name, int index, bool isHidden, DataViewType type, Annotations annotations)
        {
            Name = name;
            Index = index;
            IsHidden = isHidden;
            Type = type;
            Annotations = annotations ?? Annotations.Empty;
        }

        public string Name { get; }
        public int Index { get; }
        public bool IsHidden { get; }
        public DataViewType Type { get; }
        public Annotations Annotations { get; }

        public override string ToString() => Annotations is null || Annotations.Schema.Count == 0
            ? $"{Name}: {Type}"
            : $"{Name}: {Type} {{{Annotations}}}";
    }

    /// <summary>A column that is not part of a schema yet.</summary>
    public struct DetachedColumn
    {
        public DetachedColumn(string name, DataViewType type, Annotations annotations = null)
        {
            CheckName(name);
            ArgumentNullException.ThrowIfNull(type);
            Name = name;
            Type = type;
            Annotations = annotations ?? Annotations.Empty;
        }

        public DetachedColumn(Column column)
        {
            Name = column.Name;
            Type = column.Type;
            Annotations = column.Annotations;
        }

        public string Name { get; }
        public DataViewType Type { get; }
        public Annotations Annotations { get; }
    }

    /// <summary>Collects columns into a schema.</summary>
    public sealed class Builder
    {
        private readonly List<DetachedColumn> _items = [];

        public Builder()
        {
        }

        public void AddColumn(string name, DataViewType type, Annotations annotations = null) => _items.Add(new(name, type, annotations));

        public void AddColumns(IEnumerable<Column> source) => _items.AddRange(source.Select(column => new DetachedColumn(column)));

        public void AddColumns(IEnumerable<DetachedColumn> source) => _items.AddRange(source);

        public DataViewSchema ToSchema()
        {
            var visible = new Dictionary<string, int>();
            for (var i = 0; i < _items.Count; i++) visible[_items[i].Name] = i;
            var columns = _items.Select((item, i) => new Column(item.Name, i, visible[item.Name] != i, item.Type, item.Annotations));
            return new DataViewSchema(columns.ToArray(), visible);
        }
    }
}
