namespace Microsoft.ML.Data;

/// <summary>Actions that copy a column of a row into an object's member, reusing the member's arrays where they fit.</summary>
internal static class MemberSetters
{
    public static Action<TRow> Make<TRow>(DataViewRow row, DataViewSchema.Column column, Type memberType, Delegate peek, Delegate poke)
    {
        if (memberType == typeof(string)) return Text(row, column, (Action<TRow, string>)poke);
        if (memberType == typeof(string[])) return Texts(row, column, (Func<TRow, string[]>)peek, (Action<TRow, string[]>)poke);
        if (memberType.IsArray) return Generic(nameof(Array), memberType.GetElementType(), peek, poke);
        if (column.Type is VectorDataViewType vector) return Generic(nameof(Buffer), vector.ItemType.RawType, peek, poke);
        return Generic(nameof(Value), memberType, poke);

        Action<TRow> Generic(string method, Type item, params object[] accessors) =>
            Dispatch.Call<Action<TRow>>(typeof(MemberSetters), null, method, [typeof(TRow), item], [row, column, .. accessors]);
    }

    private static Action<TRow> Text<TRow>(DataViewRow row, DataViewSchema.Column column, Action<TRow, string> poke)
    {
        var getter = row.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> value = default;
        return target =>
        {
            getter(ref value);
            poke(target, value.ToString());
        };
    }

    private static Action<TRow> Texts<TRow>(DataViewRow row, DataViewSchema.Column column, Func<TRow, string[]> peek, Action<TRow, string[]> poke)
    {
        var getter = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
        VBuffer<ReadOnlyMemory<char>> value = default;
        return target =>
        {
            getter(ref value);
            var array = peek(target);
            if ((array?.Length ?? 0) != value.Length) array = new string[value.Length];
            foreach (var (slot, text) in value.Items(all: true)) array![slot] = text.ToString();
            poke(target, array);
        };
    }

    private static Action<TRow> Array<TRow, T>(DataViewRow row, DataViewSchema.Column column, Func<TRow, T[]> peek, Action<TRow, T[]> poke)
    {
        var getter = row.GetGetter<VBuffer<T>>(column);
        VBuffer<T> value = default;
        return target =>
        {
            getter(ref value);
            var array = peek(target);
            if ((array?.Length ?? 0) != value.Length) array = new T[value.Length];
            value.CopyTo(array);
            poke(target, array);
        };
    }

    private static Action<TRow> Buffer<TRow, T>(DataViewRow row, DataViewSchema.Column column, Func<TRow, VBuffer<T>> peek, Action<TRow, VBuffer<T>> poke)
    {
        var getter = row.GetGetter<VBuffer<T>>(column);
        return target =>
        {
            var value = peek(target);
            getter(ref value);
            poke(target, value);
        };
    }

    private static Action<TRow> Value<TRow, T>(DataViewRow row, DataViewSchema.Column column, Action<TRow, T> poke)
    {
        var getter = row.GetGetter<T>(column);
        T value = default;
        return target =>
        {
            getter(ref value);
            poke(target, value);
        };
    }
}
