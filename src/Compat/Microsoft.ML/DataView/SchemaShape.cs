using System.Collections;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>What is known of a schema before any data are seen: names, item types, kinds of vector, annotations.</summary>
public sealed class SchemaShape : IReadOnlyList<SchemaShape.Column>
{
    private readonly Column[] _columns;

    public SchemaShape(IEnumerable<Column> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        _columns = columns.ToArray();
        Require.Argument(_columns.All(column => column.Name is not null), nameof(columns), "A column without a name is not initialized.");
    }

    public int Count => _columns.Length;

    public Column this[int index] => _columns[index];

    public IEnumerator<Column> GetEnumerator() => ((IEnumerable<Column>)_columns).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static SchemaShape Empty { get; } = new([]);

    internal static SchemaShape Create(DataViewSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return new(schema.Where(column => !column.IsHidden)
            .Select(column => new Column(column.Name, column.Type, Create(column.Annotations.Schema))));
    }

    internal bool TryFindColumn(string name, out Column column)
    {
        column = _columns.FirstOrDefault(candidate => candidate.Name == name);
        return column.Name is not null;
    }

    /// <summary>One column of a shape.</summary>
    public struct Column
    {
        public enum VectorKind
        {
            Scalar,
            Vector,
            VariableVector,
        }

        public readonly string Name;
        public readonly VectorKind Kind;

        /// <summary>The type of an item; for keys the number that holds them.</summary>
        public readonly DataViewType ItemType;
        public readonly bool IsKey;
        public readonly SchemaShape Annotations;

        internal Column(string name, VectorKind vecKind, DataViewType itemType, bool isKey, SchemaShape annotations = null)
        {
            Name = name;
            Kind = vecKind;
            ItemType = itemType;
            IsKey = isKey;
            Annotations = annotations ?? Empty;
        }

        internal Column(string name, DataViewType type, SchemaShape annotations)
        {
            var vector = type as VectorDataViewType;
            Name = name;
            Kind = vector is null ? VectorKind.Scalar : vector.IsKnownSize ? VectorKind.Vector : VectorKind.VariableVector;
            ItemType = vector?.ItemType ?? type;
            IsKey = ItemType is KeyDataViewType;
            if (IsKey) ItemType = KeyStorage(ItemType.RawType);
            Annotations = annotations;
        }

        internal Column Renamed(string name) => new(name, Kind, ItemType, IsKey, Annotations);

        internal string TypeName
        {
            get
            {
                var item = IsKey ? $"Key<{ItemType}>" : ItemType.ToString();
                return Kind switch { VectorKind.Scalar => item, VectorKind.Vector => $"Vector<{item}>", _ => $"VarVector<{item}>" };
            }
        }

        private static NumberDataViewType KeyStorage(Type type) =>
            type == typeof(byte) ? NumberDataViewType.Byte :
            type == typeof(ushort) ? NumberDataViewType.UInt16 :
            type == typeof(uint) ? NumberDataViewType.UInt32 : NumberDataViewType.UInt64;
    }
}
