using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Joins columns of one item type into a vector; scalars give their names to its slots.</summary>
public sealed class ColumnConcatenatingTransformer : RowToRowTransformerBase
{
    internal const string LoadName = "ConcatTransform";

    private static readonly VersionInfo _version = new("CONCAT F", 0x00010003, 0x00010003, 0x00010001,
        typeof(ColumnConcatenatingTransformer).Assembly.FullName, LoadName);

    private readonly string _output;
    private readonly string[] _inputs;

    internal ColumnConcatenatingTransformer(string output, string[] inputs)
    {
        _output = output;
        _inputs = inputs;
    }

    internal static ColumnConcatenatingTransformer Create(IHostEnvironment env, ModelLoadContext context)
    {
        context.CheckVersionInfo(_version);
        var output = context.Reader.ReadString();
        var inputs = new string[context.Reader.ReadInt32()];
        for (var i = 0; i < inputs.Length; i++) inputs[i] = context.Reader.ReadString();
        return new(output, inputs);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(_version);
        ctx.Writer.Write(_output);
        ctx.Writer.Write(_inputs.Length);
        foreach (var input in _inputs) ctx.Writer.Write(input);
    }

    private protected override ColumnMap[] MakeMaps(DataViewSchema inputSchema)
    {
        var columns = Array.ConvertAll(_inputs, name =>
            inputSchema.GetColumnOrNull(name) ?? throw Require.MissingColumn(nameof(inputSchema), "input", name));
        var indices = Array.ConvertAll(columns, column => column.Index);
        var itemType = columns[0].Type.ItemType();
        foreach (var column in columns)
        {
            if (!column.Type.ItemType().Equals(itemType))
                throw Require.SchemaMismatch(nameof(inputSchema), "input", column.Name, itemType.ToString(), column.Type.ToString());
        }

        if (columns is [{ Type: VectorDataViewType same }])
        {
            return [new(new(_output, same, columns[0].Annotations), indices,
                row => Dispatch.Call<Delegate>(typeof(DataViewRow), row, nameof(DataViewRow.GetGetter), same.RawType, columns[0]))];
        }

        var sizes = Array.ConvertAll(columns, column => column.Type is VectorDataViewType vector ? vector.Size : 1);
        var type = new VectorDataViewType((PrimitiveDataViewType)itemType, sizes.Contains(0) ? 0 : sizes.Sum());
        return [new(new(_output, type, SlotNames(columns, type)), indices,
            row => Dispatch.Call<Delegate>(GetType(), null, nameof(MakeGetter), itemType.RawType, row, columns))];
    }

    private static DataViewSchema.Annotations SlotNames(DataViewSchema.Column[] columns, VectorDataViewType type)
    {
        var builder = new DataViewSchema.Annotations.Builder();
        var named = type.IsKnownSize && columns.Any(column => column.Type is not VectorDataViewType || column.HasSlotNames());
        if (named)
        {
            builder.Add(AnnotationKinds.SlotNames, new VectorDataViewType(TextDataViewType.Instance, type.Size),
                (ref VBuffer<ReadOnlyMemory<char>> destination) =>
                {
                    var names = columns.SelectMany(SlotNames).ToArray();
                    destination = new(names.Length, names);
                });
        }

        return builder.ToAnnotations();
    }

    private static IEnumerable<ReadOnlyMemory<char>> SlotNames(DataViewSchema.Column column)
    {
        if (column.Type is not VectorDataViewType vector) return [column.Name.AsMemory()];
        if (!column.HasSlotNames()) return new ReadOnlyMemory<char>[vector.Size];

        VBuffer<ReadOnlyMemory<char>> names = default;
        column.GetSlotNames(ref names);
        return names.DenseValues().Select(name => name.IsEmpty ? name : $"{column.Name}.{name}".AsMemory());
    }

    private static ValueGetter<VBuffer<T>> MakeGetter<T>(DataViewRow row, DataViewSchema.Column[] columns)
    {
        var parts = Array.ConvertAll(columns, column => new Part<T>(row, column));
        return (ref VBuffer<T> destination) =>
        {
            var length = 0;
            foreach (var part in parts) length += part.Read();
            var editor = VBufferEditor.Create(ref destination, length);
            var offset = 0;
            foreach (var part in parts) offset += part.CopyTo(editor.Values[offset..]);
            destination = editor.Commit();
        };
    }

    /// <summary>One input column's value in the current row.</summary>
    private sealed class Part<T>
    {
        private readonly string _name;
        private readonly int _size;
        private readonly ValueGetter<T> _scalar;
        private readonly ValueGetter<VBuffer<T>> _vector;
        private T _value;
        private VBuffer<T> _values;

        public Part(DataViewRow row, DataViewSchema.Column column)
        {
            _name = column.Name;
            if (column.Type is VectorDataViewType vector)
            {
                _size = vector.Size;
                _vector = row.GetGetter<VBuffer<T>>(column);
            }
            else
            {
                _scalar = row.GetGetter<T>(column);
            }
        }

        public int Read()
        {
            if (_vector is null)
            {
                _scalar(ref _value);
                return 1;
            }

            _vector(ref _values);
            if (_size != 0 && _size != _values.Length)
                throw new InvalidOperationException($"Column '{_name}' has {_size} slots, but a row has {_values.Length}.");
            return _values.Length;
        }

        public int CopyTo(Span<T> destination)
        {
            if (_vector is null)
            {
                destination[0] = _value;
                return 1;
            }

            _values.CopyTo(destination);
            return _values.Length;
        }
    }
}
