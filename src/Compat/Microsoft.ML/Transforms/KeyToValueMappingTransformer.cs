using System.Numerics;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Maps keys to the values in the column's annotation; a missing key becomes NaN, or the default where there is none.</summary>
public sealed class KeyToValueMappingTransformer : OneToOneTransformerBase
{
    internal const string LoadName = "KeyToValueTransform";

    private static readonly VersionInfo _version = new("KEY2VALT", 0x00010001, 0x00010001, 0x00010001,
        typeof(KeyToValueMappingTransformer).Assembly.FullName, LoadName);

    internal KeyToValueMappingTransformer(ColumnPair[] pairs) : base(pairs)
    {
    }

    internal static KeyToValueMappingTransformer Create(IHostEnvironment env, ModelLoadContext context)
    {
        context.CheckVersionInfo(_version);
        return new(ColumnPair.Read(context.Reader));
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(_version);
        ColumnPair.Write(ctx.Writer, Pairs);
    }

    private protected override ColumnMap MakeMap(DataViewSchema.Column input, int pair)
    {
        var values = input.Annotations.Schema.GetColumnOrNull(AnnotationKinds.KeyValues)?.Type as VectorDataViewType;
        if (input.Type.ItemType() is not KeyDataViewType key || values is null || (ulong)values.Size != key.Count)
        {
            throw Require.Mark(new InvalidOperationException(
                $"Column '{input.Name}' of type {input.Type} has no values for its keys (annotation {AnnotationKinds.KeyValues}: {values?.ToString() ?? "none"})."));
        }

        DataViewType type = input.Type is VectorDataViewType vector ? new VectorDataViewType(values.ItemType, vector.Dimensions) : values.ItemType;
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add(input.Annotations, kind => kind == AnnotationKinds.SlotNames);
        return new(new(Pairs[pair].Output, type, annotations.ToAnnotations()), [input.Index],
            row => Dispatch.Call<Delegate>(GetType(), null, nameof(MakeGetter), [key.RawType, values.ItemType.RawType], row, input));
    }

    private static Delegate MakeGetter<TKey, TValue>(DataViewRow row, DataViewSchema.Column column) where TKey : IUnsignedNumber<TKey>
    {
        VBuffer<TValue> annotation = default;
        column.GetKeyValues(ref annotation);
        var values = annotation.DenseValues().Prepend(PrimitiveTypes.Missing<TValue>()).ToArray();

        if (column.Type is not VectorDataViewType)
        {
            var scalar = row.GetGetter<TKey>(column);
            var key = TKey.Zero;
            return (ValueGetter<TValue>)((ref TValue value) =>
            {
                scalar(ref key);
                value = ValueOf(key);
            });
        }

        var vector = row.GetGetter<VBuffer<TKey>>(column);
        VBuffer<TKey> keys = default;
        return (ValueGetter<VBuffer<TValue>>)((ref VBuffer<TValue> destination) =>
        {
            vector(ref keys);
            var editor = VBufferEditor.Create(ref destination, keys.Length);
            editor.Values.Fill(values[0]);
            foreach (var (slot, key) in keys.Items()) editor.Values[slot] = ValueOf(key);
            destination = editor.Commit();
        });

        TValue ValueOf(TKey key)
        {
            var index = ulong.CreateTruncating(key);
            return index < (ulong)values.Length ? values[index] : values[0];
        }
    }
}
