using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

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
