using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>A transformer of this library: it adds columns to each row of a view, lazily.</summary>
/// <remarks>
/// It works alone and in chains, in a prediction engine, with <c>mlContext.Model.Save</c> and <c>Load</c> (in a context whose <c>Focus</c>
/// has been used once), and with <c>mlContext.Focus.Model.Save</c> and <c>Load</c>.
/// </remarks>
public abstract class FocusTransformer : ITransformer
{
    private protected FocusTransformer()
    {
    }

    bool ITransformer.IsRowToRowMapper => true;

    /// <summary>The kind of model, by which a model file says how it is loaded.</summary>
    internal abstract string ModelKind { get; }

    /// <summary>The schema of what <see cref="Transform"/> returns for data of the given schema.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The schema lacks an input column, or has it with another type.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return Bind(inputSchema).OutputSchema;
    }

    /// <summary>A view of the data with the new columns; nothing is computed before its rows are read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The data lack an input column, or have it with another type.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new MappedDataView(input, Bind(input.Schema));
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return Bind(inputSchema);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ModelRegistration.Save(this, ctx);
    }

    /// <summary>Writes configuration and weights.</summary>
    internal abstract void Save(ModelArchive archive);

    /// <summary>Finds the input columns in a schema.</summary>
    private protected abstract RowMapping Bind(DataViewSchema inputSchema);
}
