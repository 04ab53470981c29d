using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Focus;

/// <summary>The documents of a corpus as a view with the columns Text and Source, read anew for each cursor.</summary>
internal static class TextDataView
{
    /// <summary>How many broken documents are named before they are only counted.</summary>
    private const int MostNamed = 20;

    public static IDataView Create(TextDocuments documents, IHostEnvironment environment) => new StreamedDataView<TextDocument>(
        Read(documents, environment.Register("Corpus")),
        ViewColumn<TextDocument>.Create<ReadOnlyMemory<char>>("Text", TextDataViewType.Instance, (document, ref text) => text = document.Text.AsMemory()),
        ViewColumn<TextDocument>.Create<ReadOnlyMemory<char>>("Source", TextDataViewType.Instance, (document, ref source) => source = document.Source.AsMemory()));

    private static IEnumerable<TextDocument> Read(TextDocuments documents, IHost host)
    {
        using var channel = host.Start("Reading");
        BrokenDocument? first = null;
        long read = 0, broken = 0;
        foreach (var document in documents.Read(Report))
        {
            if (MlNetInternals.Current.IsCanceled(host)) throw new OperationCanceledException("Reading was cancelled by the context.");
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
    string ColumnName { get; }

    /// <summary>The tokens of all rows, one after the other.</summary>
    TokenSource Tokens { get; }
}

/// <summary>Tokens as rows of the same length, the last one shorter where they do not divide evenly.</summary>
internal sealed class TokenDataView : IDataView, ITokenView
{
    private readonly IndexedDataView rows;

    public TokenDataView(TokenSource tokens, int rowLength)
    {
        Check.AtLeast(1, rowLength);
        var count = (tokens.Count + rowLength - 1) / rowLength;
        if (count > int.MaxValue)
            throw Check.OutOfRange(nameof(rowLength), rowLength, $"at least {(tokens.Count - 1) / int.MaxValue + 1}: {tokens.Name} would have {count} rows");
        Tokens = tokens;
        rows = new IndexedDataView((int)count, ViewColumn<int>.Create(ColumnName, TokenColumn.Type, (int row, ref VBuffer<int> value) =>
        {
            var start = (long)row * rowLength;
            var editor = VBufferEditor.Create(ref value, (int)Math.Min(rowLength, tokens.Count - start));
            tokens.Read(start, editor.Values);
            value = editor.Commit();
        }, TokenColumn.Consecutive));
    }

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

        var columns = new ViewColumn<int>[given.Length];
        for (var (i, stride) = (given.Length - 1, 1); i >= 0; stride *= given[i--].Values.Length) columns[i] = Column(given[i].Axis, given[i].Values, stride);
        return new IndexedDataView((int)rows, columns);
    }

    private static ViewColumn<int> Column(CellAxis axis, double[] values, int stride) => ViewColumn<int>.Create(
        axis.Name, NumberDataViewType.Double, (int row, ref double value) => value = values[row / stride % values.Length]);

    private static double[] Checked(CellAxis axis, IReadOnlyList<double> values)
    {
        if (values.Count == 0) throw new ArgumentException($"{axis.Name} is empty; a grid needs at least one value on each axis it is given.", axis.Name);
        foreach (var value in values) axis.Set(default, value).Validate();
        return [.. values];
    }
}

/// <summary>Reads a column's value in a row, reusing the value's buffers; several threads may call it at once.</summary>
internal delegate void RowReader<TRow, T>(TRow row, ref T value);

/// <summary>A column of a view whose rows are values.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Annotations">Its annotations, or null.</param>
/// <param name="CreateGetter">A getter (<c>ValueGetter</c>) for the row that the function gives.</param>
internal sealed record ViewColumn<TRow>(
    string Name, DataViewType Type, DataViewSchema.Annotations? Annotations, Func<Func<TRow>, Delegate> CreateGetter)
{
    public static ViewColumn<TRow> Create<T>(
        string name, DataViewType type, RowReader<TRow, T> read, DataViewSchema.Annotations? annotations = null)
        => new(name, type, annotations, current => (ValueGetter<T>)((ref T value) => read(current(), ref value)));

    public static DataViewSchema Schema(IEnumerable<ViewColumn<TRow>> columns)
    {
        var schema = new DataViewSchema.Builder();
        foreach (var column in columns) schema.AddColumn(column.Name, column.Type, column.Annotations);
        return schema.ToSchema();
    }
}

/// <summary>A cursor over rows that are values.</summary>
internal abstract class ValueCursor<TRow>(ViewColumn<TRow>[] columns, ActiveColumns active) : DataViewRowCursor
{
    public override DataViewSchema Schema => active.Schema;
    protected long Visited { get; set; }
    public override long Position => IsOnRow ? Visited - 1 : -1;
    protected abstract bool IsOnRow { get; }
    protected abstract TRow Row { get; }

    public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        active.Require(column);
        return ActiveColumns.Cast<TValue>(columns[column.Index].CreateGetter(() => IsOnRow ? Row : throw NoRow()), column);
    }

    private static InvalidOperationException NoRow() => new("The cursor is before the first row or after the last; there is no value.");
}

/// <summary>A view of rows that are made one after the other, anew for each cursor; their number is known only at the end.</summary>
internal sealed class StreamedDataView<TRow>(IEnumerable<TRow> rows, params ViewColumn<TRow>[] columns) : IDataView where TRow : class
{
    public bool CanShuffle => false;
    public DataViewSchema Schema { get; } = ViewColumn<TRow>.Schema(columns);

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        => new Cursor(columns, new ActiveColumns(Schema, columnsNeeded), rows.GetEnumerator());

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        => [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(ViewColumn<TRow>[] columns, ActiveColumns active, IEnumerator<TRow> rows) : ValueCursor<TRow>(columns, active)
    {
        private TRow? current;

        public override long Batch => 0;
        protected override bool IsOnRow => current is not null;
        protected override TRow Row => current!;

        public override bool MoveNext()
        {
            current = rows.MoveNext() ? rows.Current : null;
            if (IsOnRow) Visited++;
            return IsOnRow;
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)Position, 0);

        protected override void Dispose(bool disposing)
        {
            if (disposing) rows.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>A view of numbered rows, which can be read in any order: it can be shuffled, and split over parallel cursors.</summary>
internal sealed class IndexedDataView(int rowCount, params ViewColumn<int>[] columns) : IDataView
{
    /// <summary>Rows that one of several cursors reads before it is the next one's turn.</summary>
    private const int BatchSize = 64;

    public bool CanShuffle => true;
    public DataViewSchema Schema { get; } = ViewColumn<int>.Schema(columns);

    public long? GetRowCount() => rowCount;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        => GetRowCursorSet(columnsNeeded, 1, rand)[0];

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        var active = new ActiveColumns(Schema, columnsNeeded);
        var order = Order(rand);
        var batches = (int)(((long)rowCount + BatchSize - 1) / BatchSize);
        var cursors = Math.Clamp(n, 1, Math.Max(1, batches));
        return [.. Enumerable.Range(0, cursors).Select(i => new Cursor(columns, active, rowCount, order, i, cursors))];
    }

    /// <summary>The rows in random order, or null for their own.</summary>
    private int[]? Order(Random? rand)
    {
        if (rand is null) return null;
        var order = Enumerable.Range(0, rowCount).ToArray();
        rand.Shuffle(order);
        return order;
    }

    /// <param name="columns">The view's columns.</param>
    /// <param name="active">Which of them may be read.</param>
    /// <param name="rowCount">The view's rows.</param>
    /// <param name="order">The rows in the order to visit them, or null for their own.</param>
    /// <param name="first">Which of the cursors this is.</param>
    /// <param name="stride">How many cursors there are.</param>
    private sealed class Cursor(ViewColumn<int>[] columns, ActiveColumns active, int rowCount, int[]? order, int first, int stride)
        : ValueCursor<int>(columns, active)
    {
        private long place = -1;
        private int row = -1;

        public override long Batch => place / BatchSize;
        protected override bool IsOnRow => row >= 0;
        protected override int Row => row;

        public override bool MoveNext()
        {
            place = (Visited / BatchSize * stride + first) * BatchSize + Visited % BatchSize;
            row = place >= rowCount ? -1 : order?[place] ?? (int)place;
            if (IsOnRow) Visited++;
            return IsOnRow;
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)row, 0);
    }
}
