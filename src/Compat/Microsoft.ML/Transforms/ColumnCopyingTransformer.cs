using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Copies columns under other names.</summary>
public sealed class ColumnCopyingTransformer : OneToOneTransformerBase
{
    internal const string LoadName = "CopyTransform";

    private static readonly VersionInfo _version = new("COPYCOLT", 0x00010001, 0x00010001, 0x00010001,
        typeof(ColumnCopyingTransformer).Assembly.FullName, LoadName);

    internal ColumnCopyingTransformer(ColumnPair[] pairs) : base(pairs)
    {
    }

    internal static ColumnCopyingTransformer Create(IHostEnvironment env, ModelLoadContext context)
    {
        context.CheckVersionInfo(_version);
        return new(ColumnPair.Read(context.Reader));
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(_version);
        ColumnPair.Write(ctx.Writer, Pairs);
    }

    private protected override ColumnMap MakeMap(DataViewSchema.Column input, int pair) => new(
        new(Pairs[pair].Output, input.Type, input.Annotations), [input.Index],
        row => Dispatch.Call<Delegate>(typeof(DataViewRow), row, nameof(DataViewRow.GetGetter), input.Type.RawType, input));
}
