using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.Runtime;

/// <summary>The transformers that every model may hold.</summary>
internal static class BuiltInTransformers
{
    public static void Register(ComponentCatalog catalog)
    {
        Add<TransformerChain<ITransformer>>(TransformerChainFile.LoadName, TransformerChainFile.Create);
        Add<ColumnCopyingTransformer>(ColumnCopyingTransformer.LoadName, ColumnCopyingTransformer.Create);
        Add<ColumnConcatenatingTransformer>(ColumnConcatenatingTransformer.LoadName, ColumnConcatenatingTransformer.Create);
        Add<ValueToKeyMappingTransformer>(ValueToKeyMappingTransformer.LoadName, ValueToKeyMappingTransformer.Create);
        Add<KeyToValueMappingTransformer>(KeyToValueMappingTransformer.LoadName, KeyToValueMappingTransformer.Create);

        void Add<T>(string loadName, Func<IHostEnvironment, ModelLoadContext, T> create) where T : ITransformer =>
            catalog.Add(new LoadableClassAttribute(typeof(T), argType: null, typeof(SignatureLoadModel), userName: loadName, loadName), create.Method);
    }
}
