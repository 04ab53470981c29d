using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>Values of a column in some rows.</summary>
internal abstract class ColumnBuffer
{
    /// <summary>Whether values of a type can be kept beyond their row.</summary>
    public static bool Supports(DataViewType type) => type is PrimitiveDataViewType or VectorDataViewType;

    /// <summary>A buffer for a column of a type that is <see cref="Supports">supported</see>.</summary>
    public static ColumnBuffer Of(DataViewRow input, DataViewSchema.Column column, int capacity)
    {
        var (name, type) = column.Type is VectorDataViewType vector
            ? (nameof(OfVectors), vector.ItemType.RawType)
            : (nameof(OfPrimitives), column.Type.RawType);
        var method = typeof(ColumnBuffer).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type);
        return method.CreateDelegate<Func<DataViewRow, DataViewSchema.Column, int, ColumnBuffer>>()(input, column, capacity);
    }

    /// <summary>Keeps the value of the input's current row.</summary>
    public abstract void Read(int slot);

    /// <summary>A <see cref="ValueGetter{T}"/> for the value in the slot that <paramref name="current"/> gives.</summary>
    public abstract Delegate CreateGetter(Func<int> current);

    /// <summary>Copies a primitive value.</summary>
    public static void Assign<T>(in T source, ref T target) => target = source;

    /// <summary>Copies a vector, reusing the target's arrays.</summary>
    public static void Copy<T>(in VBuffer<T> source, ref VBuffer<T> target) => source.CopyTo(ref target);

    private static ColumnBuffer OfPrimitives<T>(DataViewRow input, DataViewSchema.Column column, int capacity)
        => new ColumnBuffer<T>(input.GetGetter<T>(column), capacity, Assign);

    private static ColumnBuffer OfVectors<T>(DataViewRow input, DataViewSchema.Column column, int capacity)
        => new ColumnBuffer<VBuffer<T>>(input.GetGetter<VBuffer<T>>(column), capacity, Copy);
}

/// <summary>Copies a value, reusing the target's buffers.</summary>
internal delegate void Copier<T>(in T source, ref T target);

/// <inheritdoc/>
internal sealed class ColumnBuffer<T>(ValueGetter<T> source, int capacity, Copier<T> copy) : ColumnBuffer
{
    private readonly T[] values = new T[capacity];

    // The getter fills the slot's own buffers; only handing out copies, as the caller may change what it gets.
    public override void Read(int slot) => source(ref values[slot]!);

    public override Delegate CreateGetter(Func<int> current) => (ValueGetter<T>)((ref T value) => copy(values[current()], ref value));
}
