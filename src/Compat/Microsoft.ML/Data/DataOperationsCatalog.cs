using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Makes, splits and filters views.</summary>
public sealed class DataOperationsCatalog
{
    internal DataOperationsCatalog(IHostEnvironment env)
    {
        Environment = env;
    }

    internal IHostEnvironment Environment { get; }
}
