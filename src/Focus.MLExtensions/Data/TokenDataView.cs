using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

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
        if (rowLength < 1)
            throw new ArgumentOutOfRangeException(nameof(rowLength), $"{nameof(rowLength)} is {rowLength}; it must be at least 1.");
        var count = (tokens.Count + rowLength - 1) / rowLength;
        if (count > int.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(rowLength),
                $"{nameof(rowLength)} is {rowLength}, which makes {count} rows of the {tokens.Count} tokens of " +
                $"{tokens.Name}; there can be {int.MaxValue}.");
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
