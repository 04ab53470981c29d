namespace Microsoft.ML.Data;

/// <summary>The columns that the members of <typeparamref name="TRow"/> make.</summary>
internal sealed class ObjectColumns<TRow>
{
    private readonly (ColumnMember Member, Delegate Peek)[] _members;

    public ObjectColumns(SchemaDefinition definition)
    {
        definition ??= SchemaDefinition.Create(typeof(TRow), SchemaDefinition.Direction.Read);
        var builder = new DataViewSchema.Builder();
        _members = new (ColumnMember, Delegate)[definition.Count];
        for (var i = 0; i < _members.Length; i++)
        {
            var column = definition[i];
            var member = ColumnMember.Find(typeof(TRow), column.MemberName);
            var type = column.ColumnType ?? member.InferColumnType();
            Require.Argument(member.Fits(type), nameof(definition),
                $"Column '{column.ColumnName}' is defined as {type}, but member '{column.MemberName}' has the type {member.Type}.");
            _members[i] = (member, member.MakePeek<TRow>());
            builder.AddColumn(column.ColumnName, type, column.Annotations);
        }

        Schema = builder.ToSchema();
    }

    public DataViewSchema Schema { get; }

    /// <summary>The definition of the members with the types and annotations of a schema; every column needs a member.</summary>
    public static SchemaDefinition Define(DataViewSchema schema)
    {
        var definition = SchemaDefinition.Create(typeof(TRow), SchemaDefinition.Direction.Read);
        foreach (var column in schema)
        {
            var defined = definition[column.Name]
                ?? throw Require.Mark(new InvalidOperationException($"{typeof(TRow)} has no member for column '{column.Name}'."));
            defined.ColumnType = column.Type;
            defined.SetAnnotations(column.Annotations);
        }

        return definition;
    }

    public Delegate MakeGetter(int column, Func<TRow> current)
    {
        var (member, peek) = _members[column];
        return MemberGetters.Make(member.Type, peek, Schema[column].Type, current);
    }
}
