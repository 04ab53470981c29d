using System.Numerics;

namespace Microsoft.ML.Data;

/// <summary>Getters that read a column from an object's member.</summary>
internal static class MemberGetters
{
    /// <summary>A ValueGetter of the column's type over the object that <paramref name="current"/> gives; <paramref name="peek"/> is a Func
    /// that reads the member.</summary>
    public static Delegate Make<TRow>(Type memberType, Delegate peek, DataViewType type, Func<TRow> current)
    {
        if (memberType == typeof(string)) return Text((Func<TRow, string>)peek, current);
        if (memberType == typeof(string[])) return Texts((Func<TRow, string[]>)peek, current);
        if (memberType.IsArray) return Generic(nameof(Array), memberType.GetElementType());
        if (type is VectorDataViewType vector) return Generic(nameof(Buffer), vector.ItemType.RawType);
        return type is KeyDataViewType key ? Generic(nameof(Key), memberType, key.Count) : Generic(nameof(Value), memberType);

        Delegate Generic(string method, Type item, params object[] more) =>
            Dispatch.Call<Delegate>(typeof(MemberGetters), null, method, [typeof(TRow), item], [peek, current, .. more]);
    }

    private static ValueGetter<ReadOnlyMemory<char>> Text<TRow>(Func<TRow, string> peek, Func<TRow> current) =>
        (ref ReadOnlyMemory<char> value) => value = peek(current()).AsMemory();

    private static ValueGetter<VBuffer<ReadOnlyMemory<char>>> Texts<TRow>(Func<TRow, string[]> peek, Func<TRow> current) =>
        (ref VBuffer<ReadOnlyMemory<char>> value) =>
        {
            var texts = peek(current()) ?? [];
            var editor = VBufferEditor.Create(ref value, texts.Length);
            for (var i = 0; i < texts.Length; i++) editor.Values[i] = texts[i].AsMemory();
            value = editor.Commit();
        };

    private static ValueGetter<VBuffer<T>> Array<TRow, T>(Func<TRow, T[]> peek, Func<TRow> current) =>
        (ref VBuffer<T> value) =>
        {
            var items = peek(current());
            VBuffer<T>.Copy(items, 0, ref value, items?.Length ?? 0);
        };

    private static ValueGetter<VBuffer<T>> Buffer<TRow, T>(Func<TRow, VBuffer<T>> peek, Func<TRow> current) =>
        (ref VBuffer<T> value) => peek(current()).CopyTo(ref value);

    private static ValueGetter<T> Value<TRow, T>(Func<TRow, T> peek, Func<TRow> current) =>
        (ref T value) => value = peek(current());

    private static ValueGetter<T> Key<TRow, T>(Func<TRow, T> peek, Func<TRow> current, ulong count) where T : IUnsignedNumber<T> =>
        (ref T value) =>
        {
            // Members count from 0, columns from 1; what is out of range is missing.
            var index = peek(current());
            value = ulong.CreateTruncating(index) < count ? index + T.One : T.Zero;
        };
}
