using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Focus;

/// <summary>The documents of a corpus as a view with the columns Text and Source, read anew for each cursor.</summary>
internal static class TextDataView
{
    /// <summary>How many broken documents are named before they are only counted.</summary>
    private const int MostNamed = 20;

    public static IDataView Create(TextDocuments documents, IChannelProvider environment) => new StreamedDataView<TextDocument>(
        Read(documents, environment),
        StreamedColumn<TextDocument>.Create("Text", TextDataViewType.Instance, document => document.Text.AsMemory()),
        StreamedColumn<TextDocument>.Create("Source", TextDataViewType.Instance, document => document.Source.AsMemory()));

    private static IEnumerable<TextDocument> Read(TextDocuments documents, IChannelProvider environment)
    {
        using var channel = environment.Start("Corpus");
        BrokenDocument? first = null;
        long read = 0, broken = 0;
        foreach (var document in documents.Read(Report))
        {
            read++;
            yield return document;
        }
        if (read == 0 && first is not null) throw first.NothingRead();
        if (broken > 0) channel.Warning(MessageSensitivity.None, "{0}", $"{broken} broken documents were left out, {read} were read.");

        void Report(BrokenDocument document)
        {
            first ??= document;
            if (++broken <= MostNamed) channel.Warning(MessageSensitivity.Schema, "{0}", $"Left out {document}");
        }
    }
}

/// <summary>A view that is a long sequence of tokens, which can be sampled anywhere without reading rows.</summary>
internal interface ITokenView
{
    /// <summary>The column of tokens.</summary>
    string ColumnName { get; }

    /// <summary>The tokens of all rows, one after the other.</summary>
    TokenSource Tokens { get; }
}

/// <summary>Tokens as rows of the same length, the last one shorter where they do not divide evenly.</summary>
internal sealed class TokenDataView : IDataView, ITokenView
{
    private readonly IndexedDataView rows;

    /// <exception cref="ArgumentOutOfRangeException">A row has no tokens, or there are too many rows.</exception>
    public TokenDataView(TokenSource tokens, int rowLength)
    {
        Check.AtLeast(1, rowLength);
        var count = (tokens.Count + rowLength - 1) / rowLength;
        if (count > int.MaxValue)
            throw Check.OutOfRange(nameof(rowLength), rowLength, $"at least {(tokens.Count - 1) / int.MaxValue + 1}: {tokens.Name} would have {count} rows");
        Tokens = tokens;
        rows = new IndexedDataView((int)count, IndexedColumn.Create(ColumnName, TokenColumn.Type, (int row, ref VBuffer<int> value) =>
        {
            var start = (long)row * rowLength;
            var editor = VBufferEditor.Create(ref value, (int)Math.Min(rowLength, tokens.Count - start));
            tokens.Read(start, editor.Values);
            value = editor.Commit();
        }));
    }

    /// <summary>Opens a token file.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A row has no tokens, or there are too many rows.</exception>
    public static TokenDataView Open(string path, TokenWidth width, int rowLength)
    {
        var file = TokenFile.Open(path, width);
        try
        {
            return new TokenDataView(file, rowLength);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public TokenSource Tokens { get; }

    public string ColumnName => TokenColumn.DefaultName;

    public bool CanShuffle => rows.CanShuffle;

    public DataViewSchema Schema => rows.Schema;

    public long? GetRowCount() => rows.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        => rows.GetRowCursor(columnsNeeded, rand);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        => rows.GetRowCursorSet(columnsNeeded, n, rand);
}

/// <summary>All combinations of axis values as a view, the last axis varying fastest.</summary>
internal static class LandscapeGridView
{
    public static IDataView Create(params (CellAxis Axis, IReadOnlyList<double>? Values)[] axes)
    {
        var given = axes.Where(axis => axis.Values is not null).Select(axis => (axis.Axis, Values: Checked(axis.Axis, axis.Values!))).ToArray();
        if (given.Length == 0)
            throw new ArgumentException($"A grid needs values for at least one of {string.Join(", ", axes.Select(axis => axis.Axis.Name))}.", nameof(axes));
        var rows = given.Aggregate(1.0, (product, axis) => product * axis.Values.Length);
        if (rows > int.MaxValue)
            throw new ArgumentException(
                $"The grid has {string.Join(" × ", given.Select(axis => axis.Values.Length))} cells; it can have at most {int.MaxValue}.", nameof(axes));

        var columns = new IndexedColumn[given.Length];
        for (var (i, stride) = (given.Length - 1, 1); i >= 0; stride *= given[i--].Values.Length) columns[i] = Column(given[i].Axis, given[i].Values, stride);
        return new IndexedDataView((int)rows, columns);
    }

    private static IndexedColumn Column(CellAxis axis, double[] values, int stride) => IndexedColumn.Create(
        axis.Name, NumberDataViewType.Double, (int row, ref double value) => value = values[row / stride % values.Length]);

    private static double[] Checked(CellAxis axis, IReadOnlyList<double> values)
    {
        if (values.Count == 0) throw new ArgumentException($"{axis.Name} is empty; a grid needs at least one value on each axis it is given.", axis.Name);
        foreach (var value in values) axis.Set(default, value).Validate();
        return [.. values];
    }
}

/// <summary>A column of a <see cref="StreamedDataView{TRow}"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="CreateGetter">A getter (<c>ValueGetter</c>) for the row that the function gives.</param>
internal sealed record StreamedColumn<TRow>(string Name, DataViewType Type, Func<Func<TRow>, Delegate> CreateGetter)
{
    public static StreamedColumn<TRow> Create<T>(string name, DataViewType type, Func<TRow, T> read)
        => new(name, type, current => (ValueGetter<T>)((ref T value) => value = read(current())));
}

/// <summary>A view of rows that are made one after the other, anew for each cursor; how many there are is known at the end only.</summary>
internal sealed class StreamedDataView<TRow> : IDataView where TRow : class
{
    private readonly IEnumerable<TRow> rows;
    private readonly StreamedColumn<TRow>[] columns;

    public StreamedDataView(IEnumerable<TRow> rows, params StreamedColumn<TRow>[] columns)
    {
        (this.rows, this.columns) = (rows, columns);
        var schema = new DataViewSchema.Builder();
        foreach (var column in columns) schema.AddColumn(column.Name, column.Type);
        Schema = schema.ToSchema();
    }

    public bool CanShuffle => false;

    public DataViewSchema Schema { get; }

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        => new Cursor(this, new ActiveColumns(Schema, columnsNeeded));

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        => [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(StreamedDataView<TRow> view, ActiveColumns active) : DataViewRowCursor
    {
        private readonly IEnumerator<TRow> rows = view.rows.GetEnumerator();
        private TRow? current;
        private long visited;

        public override DataViewSchema Schema => view.Schema;

        public override long Position => current is null ? -1 : visited - 1;

        public override long Batch => 0;

        private TRow Current => current
            ?? throw new InvalidOperationException("The cursor stands before the first row or after the last; there is no value.");

        public override bool MoveNext()
        {
            current = rows.MoveNext() ? rows.Current : null;
            if (current is null) return false;
            visited++;
            return true;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)Position, 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            active.Require(column);
            return ActiveColumns.Cast<TValue>(view.columns[column.Index].CreateGetter(() => Current), column);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) rows.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>A view of rows that can be read in any order: it can be shuffled, and split over parallel cursors.</summary>
internal sealed class IndexedDataView : IDataView
{
    private readonly int rowCount;
    private readonly IndexedColumn[] columns;

    public IndexedDataView(int rowCount, params IndexedColumn[] columns)
    {
        this.rowCount = rowCount;
        this.columns = columns;
        var schema = new DataViewSchema.Builder();
        foreach (var column in columns) schema.AddColumn(column.Name, column.Type, column.Annotations);
        Schema = schema.ToSchema();
    }

    public bool CanShuffle => true;

    public DataViewSchema Schema { get; }

    public long? GetRowCount() => rowCount;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        => GetRowCursorSet(columnsNeeded, 1, rand)[0];

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        ArgumentNullException.ThrowIfNull(columnsNeeded);
        var active = new bool[columns.Length];
        foreach (var column in columnsNeeded) active[column.Index] = true;
        var order = Order(rand);
        var cursors = Math.Clamp(n, 1, Math.Max(1, IndexedCursor.Batches(rowCount)));
        return [.. Enumerable.Range(0, cursors).Select(i => new IndexedCursor(Schema, columns, active, rowCount, order, i, cursors))];
    }

    /// <summary>The rows in random order, or null for their own.</summary>
    private int[]? Order(Random? rand)
    {
        if (rand is null) return null;
        var order = Enumerable.Range(0, rowCount).ToArray();
        rand.Shuffle(order);
        return order;
    }
}

/// <summary>One of several cursors over an <see cref="IndexedDataView"/>, which take turns in batches of rows.</summary>
/// <param name="schema">The view's schema.</param>
/// <param name="columns">The view's columns.</param>
/// <param name="active">Which of them may be read.</param>
/// <param name="rowCount">The view's rows.</param>
/// <param name="order">The rows in the order to visit them, or null for their own.</param>
/// <param name="first">Which of the cursors this is.</param>
/// <param name="stride">How many cursors there are.</param>
internal sealed class IndexedCursor(
    DataViewSchema schema, IndexedColumn[] columns, bool[] active, int rowCount, int[]? order, int first, int stride) : DataViewRowCursor
{
    private const int BatchSize = 64;

    private long visited;
    private long place = -1;

    public override DataViewSchema Schema => schema;

    public override long Position => Row < 0 ? -1 : visited - 1;

    public override long Batch => place / BatchSize;

    /// <summary>The current row, or -1 before the first and after the last.</summary>
    public int Row { get; private set; } = -1;

    public static int Batches(int rowCount) => (int)(((long)rowCount + BatchSize - 1) / BatchSize);

    public override bool MoveNext()
    {
        place = (visited / BatchSize * stride + first) * BatchSize + visited % BatchSize;
        if (place >= rowCount)
        {
            Row = -1;
            return false;
        }

        Row = order?[place] ?? (int)place;
        visited++;
        return true;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)Row, 0);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!active[column.Index]) throw new InvalidOperationException($"Column '{column.Name}' was not asked for when the cursor was made.");
        return columns[column.Index].CreateGetter(this) as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Column '{column.Name}' is {column.Type}; it cannot be read as {typeof(TValue)}.");
    }
}

/// <summary>Reads a column's value in a row, reusing the value's buffers; may be called from several threads at once.</summary>
internal delegate void IndexedReader<T>(int row, ref T value);

/// <summary>A column of an <see cref="IndexedDataView"/>.</summary>
internal sealed class IndexedColumn
{
    private readonly Func<IndexedCursor, Delegate> createGetter;

    private IndexedColumn(string name, DataViewType type, DataViewSchema.Annotations? annotations, Func<IndexedCursor, Delegate> createGetter)
    {
        Name = name;
        Type = type;
        Annotations = annotations;
        this.createGetter = createGetter;
    }

    public string Name { get; }

    public DataViewType Type { get; }

    public DataViewSchema.Annotations? Annotations { get; }

    public static IndexedColumn Create<T>(string name, DataViewType type, IndexedReader<T> reader, DataViewSchema.Annotations? annotations = null)
        => new(name, type, annotations, cursor => (ValueGetter<T>)((ref T value) => reader(cursor.Row, ref value)));

    /// <summary>A getter that follows the cursor.</summary>
    public Delegate CreateGetter(IndexedCursor cursor) => createGetter(cursor);
}
