namespace Microsoft.ML;

/// <summary>The transforms, as extension methods.</summary>
public sealed class TransformsCatalog
{
    internal TransformsCatalog()
    {
        Conversion = new ConversionTransforms();
    }

    public ConversionTransforms Conversion { get; }

    /// <summary>The transforms that change a column's type.</summary>
    public sealed class ConversionTransforms
    {
        internal ConversionTransforms()
        {
        }
    }
}
