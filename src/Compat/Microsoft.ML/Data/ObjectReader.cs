namespace Microsoft.ML.Data;

/// <summary>Fills objects from rows.</summary>
internal sealed class ObjectReader<TRow>
{
    private readonly (DataViewSchema.Column Column, ColumnMember Member, Delegate Peek, Delegate Poke)[] _columns;

    public ObjectReader(DataViewSchema schema, bool ignoreMissingColumns, SchemaDefinition definition)
    {
        definition ??= SchemaDefinition.Create(typeof(TRow), SchemaDefinition.Direction.Write);
        _columns = definition.Where(column => !ignoreMissingColumns || schema.GetColumnOrNull(column.ColumnName) is not null)
            .Select(column => Bind(schema, column)).ToArray();
    }

    public IEnumerable<DataViewSchema.Column> Columns => _columns.Select(bound => bound.Column);

    /// <summary>An action that copies the row's current values into an object.</summary>
    public Action<TRow> MakeFiller(DataViewRow row)
    {
        var setters = Array.ConvertAll(_columns, bound => MemberSetters.Make<TRow>(row, bound.Column, bound.Member.Type, bound.Peek, bound.Poke));
        return target =>
        {
            foreach (var setter in setters) setter(target);
        };
    }

    private static (DataViewSchema.Column, ColumnMember, Delegate, Delegate) Bind(DataViewSchema schema, SchemaDefinition.Column defined)
    {
        var column = schema.GetColumnOrNull(defined.ColumnName) ?? throw Require.MissingColumn(nameof(schema), "output", defined.ColumnName);
        var member = ColumnMember.Find(typeof(TRow), defined.MemberName);
        if (!member.Fits(column.Type))
        {
            throw Require.Mark(new InvalidOperationException(
                $"Column '{column.Name}' is {column.Type}, which does not fit member '{defined.MemberName}' of type {member.Type}."));
        }

        return (column, member, member.MakePeek<TRow>(), member.MakePoke<TRow>());
    }
}
