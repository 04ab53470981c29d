using System.Runtime.ExceptionServices;
using Microsoft.ML;

namespace Focus;

/// <summary>One column made of another, value by value, on all cores.</summary>
/// <param name="inputSchema">The schema of the input.</param>
/// <param name="source">The column that is read.</param>
/// <param name="added">The column that is made.</param>
/// <param name="convert">Makes a value of another; called by several threads at once. An ArgumentException tells of a value that cannot
/// be.</param>
/// <param name="copy">Copies a made value for the caller.</param>
internal sealed class ConversionMapping<TIn, TOut>(
    DataViewSchema inputSchema, DataViewSchema.Column source, DataViewSchema.DetachedColumn added,
    Func<TIn, TOut> convert, Copier<TOut> copy)
    : RowMapping(inputSchema, [source], [added])
{
    // Enough for all cores to be busy most of the time; no more, as values may be whole books.
    public override int BlockSize => 8 * Environment.ProcessorCount;

    public override RowBlock CreateBlock(DataViewRow input, int capacity) => new Block(input, source, convert, copy, capacity);

    private sealed class Block(
        DataViewRow input, DataViewSchema.Column source, Func<TIn, TOut> convert, Copier<TOut> copy, int capacity) : RowBlock
    {
        private readonly ValueGetter<TIn> read = input.GetGetter<TIn>(source);
        private readonly TIn[] inputs = new TIn[capacity];
        private readonly TOut[] outputs = new TOut[capacity];
        private readonly long[] rows = new long[capacity];

        public override void Read(int slot)
        {
            read(ref inputs[slot]);
            rows[slot] = input.Position;
        }

        public override void Compute(int count)
        {
            try
            {
                if (count == 1) Convert(0);
                else Parallel.For(0, count, Convert);
            }
            catch (AggregateException faults)
            {
                ExceptionDispatchInfo.Throw(faults.InnerExceptions[0]);
            }
        }

        public override Delegate CreateGetter(int added) => (ValueGetter<TOut>)((ref TOut value) => copy(outputs[Current], ref value));

        public override void Dispose()
        {
        }

        private void Convert(int slot)
        {
            try
            {
                outputs[slot] = convert(inputs[slot]);
            }
            catch (ArgumentException fault)
            {
                throw new InvalidOperationException($"Column '{source.Name}', row {rows[slot]}: {fault.Message}", fault);
            }
        }
    }
}
