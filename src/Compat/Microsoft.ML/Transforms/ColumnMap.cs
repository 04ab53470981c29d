namespace Microsoft.ML.Data;

/// <summary>One new column: what it looks like, which input columns it reads, and how to compute it for a row.</summary>
internal sealed record ColumnMap(DataViewSchema.DetachedColumn Output, int[] Inputs, Func<DataViewRow, Delegate> MakeGetter);
