using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>Reads cells from rows.</summary>
internal sealed class CellReader
{
    private readonly DataViewRow row;
    private readonly LandscapeCell defaults;
    private readonly (CellAxis Axis, Func<double> Read)[] values;

    /// <param name="row">The row, which moves.</param>
    /// <param name="columns">The columns that hold the cell's values.</param>
    /// <param name="defaults">The values without a column.</param>
    public CellReader(DataViewRow row, IEnumerable<(CellAxis Axis, DataViewSchema.Column Column)> columns, LandscapeCell defaults)
    {
        (this.row, this.defaults) = (row, defaults);
        values = [.. columns.Select(found => (found.Axis, Reader(row, found.Column)))];
    }

    /// <summary>The cell of the current row.</summary>
    /// <exception cref="InvalidOperationException">A value is outside its range.</exception>
    public LandscapeCell Read()
    {
        var cell = defaults;
        foreach (var (axis, read) in values) cell = axis.Set(cell, read());
        try
        {
            cell.Validate();
        }
        catch (ArgumentOutOfRangeException fault)
        {
            throw new InvalidOperationException($"Row {row.Position} is no cell of a landscape: {fault.Message.Split(" (")[0]}", fault);
        }
        return cell;
    }

    private static Func<double> Reader(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type.Equals(NumberDataViewType.Single))
        {
            var getSingle = row.GetGetter<float>(column);
            var single = 0f;
            return () =>
            {
                getSingle(ref single);
                return single;
            };
        }
        var getDouble = row.GetGetter<double>(column);
        var value = 0.0;
        return () =>
        {
            getDouble(ref value);
            return value;
        };
    }
}
