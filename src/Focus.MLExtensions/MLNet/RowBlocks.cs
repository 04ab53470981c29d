using System.Reflection;
using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>Some rows whose added columns are computed together.</summary>
/// <remarks>Used by one thread at a time: rows are read into the slots 0, 1, …, then computed, then handed out by way of
/// <see cref="Current"/>.</remarks>
internal abstract class RowBlock : IDisposable
{
    /// <summary>The slot whose values the getters give.</summary>
    public int Current { get; set; }

    /// <summary>Keeps what is needed of the input's current row.</summary>
    public abstract void Read(int slot);

    /// <summary>Computes the added columns of the first <paramref name="count"/> slots.</summary>
    public abstract void Compute(int count);

    /// <summary>A getter (<c>ValueGetter</c>) of an added column, which follows <see cref="Current"/>.</summary>
    public abstract Delegate CreateGetter(int added);

    public virtual void Dispose()
    {
    }

    /// <summary>Computes slots on all cores; the first fault is thrown as it is.</summary>
    protected static void ComputeInParallel(int count, Action<int> compute, CancellationToken cancellation = default)
    {
        try
        {
            if (count == 1) compute(0);
            else Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellation }, compute);
        }
        catch (AggregateException faults)
        {
            ExceptionDispatchInfo.Throw(faults.InnerExceptions[0]);
        }
    }
}

/// <summary>The block of rows of which only columns of the input are read.</summary>
internal sealed class EmptyBlock : RowBlock
{
    public override void Read(int slot)
    {
    }

    public override void Compute(int count)
    {
    }

    public override Delegate CreateGetter(int added) => throw new NotSupportedException("Nothing is added.");
}

/// <summary>Values of one column made from those of another, on all cores.</summary>
internal sealed class ConversionBlock<TIn, TOut>(
    DataViewRow input, DataViewSchema.Column source, Func<TIn, TOut> convert, Copier<TOut> copy, int capacity) : RowBlock
{
    private readonly ValueGetter<TIn> read = input.GetGetter<TIn>(source);
    private readonly TIn[] inputs = new TIn[capacity];
    private readonly TOut[] outputs = new TOut[capacity];
    private readonly long[] rows = new long[capacity];

    public static RowMapping Mapping(
        DataViewSchema inputSchema, DataViewSchema.Column source, DataViewSchema.DetachedColumn added,
        Func<TIn, TOut> convert, Copier<TOut> copy)
        // Rows enough for all cores to be busy most of the time; no more, as values may be whole books.
        => new(inputSchema, [source], [added], 8 * Environment.ProcessorCount,
            (input, capacity) => new ConversionBlock<TIn, TOut>(input, source, convert, copy, capacity));

    public override void Read(int slot)
    {
        read(ref inputs[slot]);
        rows[slot] = input.Position;
    }

    public override void Compute(int count) => ComputeInParallel(count, Convert);

    public override Delegate CreateGetter(int added) => (ValueGetter<TOut>)((ref TOut value) => copy(outputs[Current], ref value));

    private void Convert(int slot)
    {
        try
        {
            outputs[slot] = convert(inputs[slot]);
        }
        catch (ArgumentException fault)
        {
            throw new InvalidOperationException($"Column '{source.Name}', row {rows[slot]}: {Check.Reason(fault)}", fault);
        }
    }
}

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

    public abstract void Read(int slot);

    /// <summary>A getter (<c>ValueGetter</c>), which follows a block's <see cref="RowBlock.Current"/>.</summary>
    public abstract Delegate CreateGetter(RowBlock block);

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

    public override ValueGetter<T> CreateGetter(RowBlock block) => (ref T value) => copy(values[block.Current], ref value);
}
