namespace Microsoft.ML.Data;

/// <summary>Reads one column.</summary>
public static class ColumnCursorExtensions
{
    /// <summary>The values of a column: as the column holds them, text also as strings, vectors also as arrays.</summary>
    public static IEnumerable<T> GetColumn<T>(this IDataView data, string columnName) => GetColumn<T>(data, data.Schema[columnName]);

    public static IEnumerable<T> GetColumn<T>(this IDataView data, DataViewSchema.Column column)
    {
        ArgumentNullException.ThrowIfNull(data);
        Require.Name(column.Name, nameof(column));
        var found = data.Schema[column.Index];
        Require.Argument(found.Name == column.Name && found.Type == column.Type, nameof(column),
            $"Column {column.Index} of the view is '{found}', not '{column}'.");

        if (column.Type.RawType == typeof(T)) return Values<T, T>(data, column, value => value);
        if (typeof(T) == typeof(string) && column.Type is TextDataViewType)
            return (IEnumerable<T>)Values<ReadOnlyMemory<char>, string>(data, column, text => text.ToString());

        if (typeof(T).IsArray && column.Type is VectorDataViewType vector)
        {
            var item = typeof(T).GetElementType();
            if (item == vector.ItemType.RawType)
                return Dispatch.Call<IEnumerable<T>>(typeof(ColumnCursorExtensions), null, nameof(Arrays), item, data, column);
            if (item == typeof(string) && vector.ItemType is TextDataViewType)
            {
                return (IEnumerable<T>)Values<VBuffer<ReadOnlyMemory<char>>, string[]>(data, column,
                    texts => texts.DenseValues().Select(text => text.ToString()).ToArray());
            }
        }

        throw Require.Mark(new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' of type {column.Type} cannot be read as {typeof(T)}."));
    }

    private static IEnumerable<T[]> Arrays<T>(IDataView data, DataViewSchema.Column column) => Values<VBuffer<T>, T[]>(data, column, values =>
    {
        var array = new T[values.Length];
        values.CopyTo(array);
        return array;
    });

    private static IEnumerable<TOut> Values<TIn, TOut>(IDataView data, DataViewSchema.Column column, Func<TIn, TOut> convert)
    {
        using var cursor = data.GetRowCursor([column]);
        var getter = cursor.GetGetter<TIn>(column);
        TIn value = default;
        while (cursor.MoveNext())
        {
            getter(ref value);
            yield return convert(value);
        }
    }
}
