using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Focus.Tests;

/// <summary>The messages of a context's log from a kind on.</summary>
internal sealed class LogCollector
{
    public LogCollector(MLContext mlContext, ChannelMessageKind least = ChannelMessageKind.Info)
    {
        _ = mlContext.Focus; // Its first use warns of a package in this project: see TorchSharpConflictTests.
        mlContext.Log += (_, message) =>
        {
            if (message.Kind >= least) Messages.Add(message.RawMessage);
        };
    }

    public List<string> Messages { get; } = [];
}
