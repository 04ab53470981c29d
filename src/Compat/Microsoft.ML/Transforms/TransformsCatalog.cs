using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>The transforms.</summary>
public sealed class TransformsCatalog
{
    internal TransformsCatalog(IHostEnvironment env)
    {
        Conversion = new ConversionTransforms(env);
    }

    public ConversionTransforms Conversion { get; }

    /// <summary>The transforms that change a column's type.</summary>
    public sealed class ConversionTransforms
    {
        internal ConversionTransforms(IHostEnvironment env)
        {
            Environment = env;
        }

        internal IHostEnvironment Environment { get; }
    }
}
