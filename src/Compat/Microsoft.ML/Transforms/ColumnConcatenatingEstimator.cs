using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms;

/// <summary>Joins columns of one item type into a vector.</summary>
public sealed class ColumnConcatenatingEstimator : IEstimator<ColumnConcatenatingTransformer>
{
    private readonly string _output;
    private readonly string[] _inputs;

    internal ColumnConcatenatingEstimator(string outputColumnName, string[] inputColumnNames)
    {
        Require.Name(outputColumnName, nameof(outputColumnName));
        ArgumentNullException.ThrowIfNull(inputColumnNames);
        Require.Argument(inputColumnNames.Length > 0, nameof(inputColumnNames), "There is nothing to concatenate.");
        Require.Argument(!inputColumnNames.Any(string.IsNullOrEmpty), nameof(inputColumnNames), "A column name is empty.");
        _output = outputColumnName;
        _inputs = inputColumnNames;
    }

    public ColumnConcatenatingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ColumnConcatenatingTransformer(_output, _inputs);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var columns = Array.ConvertAll(_inputs, inputSchema.Input);
        var itemType = columns[0].ItemType;
        foreach (var column in columns)
        {
            if (column.IsKey) throw Require.Mark(new InvalidOperationException($"Column '{column.Name}' is a key; keys cannot be concatenated."));
            if (!column.ItemType.Equals(itemType))
            {
                throw Require.Mark(new InvalidOperationException(
                    $"Concatenated columns have one item type: '{columns[0].Name}' has {itemType}, '{column.Name}' has {column.ItemType}."));
            }
        }

        var varies = columns.Any(column => column.Kind == SchemaShape.Column.VectorKind.VariableVector);
        var named = columns.Any(column => column.Kind == SchemaShape.Column.VectorKind.Scalar || column.Annotation(AnnotationKinds.SlotNames).Any());
        var slotNames = new SchemaShape.Column(AnnotationKinds.SlotNames, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance, isKey: false);
        var kind = varies ? SchemaShape.Column.VectorKind.VariableVector : SchemaShape.Column.VectorKind.Vector;
        return inputSchema.With([new(_output, kind, itemType, isKey: false, new SchemaShape(named ? [slotNames] : []))]);
    }
}
