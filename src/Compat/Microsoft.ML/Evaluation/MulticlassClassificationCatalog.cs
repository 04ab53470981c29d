namespace Microsoft.ML;

/// <summary>Multiclass classification.</summary>
public sealed class MulticlassClassificationCatalog
{
    internal MulticlassClassificationCatalog()
    {
    }
}
