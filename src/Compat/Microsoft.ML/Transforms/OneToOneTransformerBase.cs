namespace Microsoft.ML.Data;

/// <summary>A transformer that makes each new column from one input column.</summary>
public abstract class OneToOneTransformerBase : RowToRowTransformerBase
{
    private protected readonly ColumnPair[] Pairs;

    private protected OneToOneTransformerBase(ColumnPair[] pairs)
    {
        Pairs = ColumnPair.Check(pairs);
    }

    private protected abstract ColumnMap MakeMap(DataViewSchema.Column input, int pair);

    private protected sealed override ColumnMap[] MakeMaps(DataViewSchema inputSchema) => Pairs.Select((pair, i) =>
        MakeMap(inputSchema.GetColumnOrNull(pair.Input) ?? throw Require.MissingColumn(nameof(inputSchema), "input", pair.Input), i)).ToArray();
}

/// <summary>The names of a new column and of the one it is made from.</summary>
internal readonly record struct ColumnPair(string Output, string Input)
{
    public static ColumnPair[] From(InputOutputColumnPair[] columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        return Array.ConvertAll(columns, pair => new ColumnPair(pair.OutputColumnName, pair.InputColumnName));
    }

    public static ColumnPair[] Check(ColumnPair[] pairs)
    {
        foreach (var pair in pairs)
        {
            Require.Name(pair.Output, nameof(pairs));
            Require.Name(pair.Input, nameof(pairs));
        }

        Require.Argument(pairs.DistinctBy(pair => pair.Output).Count() == pairs.Length, nameof(pairs),
            $"Each new column is named once: {string.Join(", ", pairs.Select(pair => pair.Output))}.");
        return pairs;
    }

    public static void Write(BinaryWriter writer, ColumnPair[] pairs)
    {
        writer.Write(pairs.Length);
        foreach (var pair in pairs)
        {
            writer.Write(pair.Output);
            writer.Write(pair.Input);
        }
    }

    public static ColumnPair[] Read(BinaryReader reader)
    {
        var pairs = new ColumnPair[reader.ReadInt32()];
        for (var i = 0; i < pairs.Length; i++) pairs[i] = new(reader.ReadString(), reader.ReadString());
        return pairs;
    }
}
