using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Maps values to keys; values that were not learnt become the missing key 0.</summary>
public sealed class ValueToKeyMappingTransformer : OneToOneTransformerBase
{
    internal const string LoadName = "TermTransform";

    private static readonly VersionInfo _version = new("TERMTRNF", 0x00010003, 0x00010003, 0x00010001,
        typeof(ValueToKeyMappingTransformer).Assembly.FullName, LoadName);

    private readonly Vocabulary[] _vocabularies;
    private readonly bool _asText;

    internal ValueToKeyMappingTransformer(ColumnPair[] pairs, Vocabulary[] vocabularies, bool asText) : base(pairs)
    {
        _vocabularies = vocabularies;
        _asText = asText;
    }

    internal static ValueToKeyMappingTransformer Create(IHostEnvironment env, ModelLoadContext context)
    {
        context.CheckVersionInfo(_version);
        var pairs = ColumnPair.Read(context.Reader);
        var asText = context.Reader.ReadBoolean();
        return new(pairs, Array.ConvertAll(pairs, _ => Vocabulary.Read(context.Reader)), asText);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(_version);
        ColumnPair.Write(ctx.Writer, Pairs);
        ctx.Writer.Write(_asText);
        foreach (var vocabulary in _vocabularies) vocabulary.Write(ctx.Writer);
    }

    private protected override ColumnMap MakeMap(DataViewSchema.Column input, int pair)
    {
        var vocabulary = _vocabularies[pair];
        if (!vocabulary.ItemType.Equals(input.Type.ItemType()))
        {
            throw Require.Mark(new InvalidOperationException(
                $"The keys were learnt from {vocabulary.ItemType}, but column '{input.Name}' is {input.Type}."));
        }

        DataViewType type = input.Type is VectorDataViewType vector ? new VectorDataViewType(vocabulary.KeyType, vector.Dimensions) : vocabulary.KeyType;
        var annotations = new DataViewSchema.Annotations.Builder();
        vocabulary.AddKeyValues(annotations, input, _asText);
        annotations.Add(input.Annotations, kind => kind == AnnotationKinds.SlotNames);
        return new(new(Pairs[pair].Output, type, annotations.ToAnnotations()), [input.Index], row => vocabulary.MakeGetter(row, input));
    }
}
