using Microsoft.ML;
using Microsoft.ML.Runtime;
using Microsoft.ML.TorchSharp;

namespace Focus.Tests;

/// <summary>This project references Microsoft.ML.TorchSharp 0.23.1, whose trainers fail with the TorchSharp it runs.</summary>
[TestClass]
public sealed class TorchSharpConflictTests
{
    [TestMethod]
    public void The_first_use_of_the_catalog_warns_of_trainers_that_fail()
    {
        var mlContext = new MLContext();
        var warnings = new List<string>();
        mlContext.Log += (_, message) => { if (message.Kind == ChannelMessageKind.Warning) warnings.Add(message.RawMessage); };

        _ = mlContext.Focus;
        _ = mlContext.Focus;

        var message = warnings.Single();
        foreach (var part in new[] { "Microsoft.ML.TorchSharp 0.23.1", "0.102.7", "0.107.0", "TextClassification", "ObjectDetection" })
            StringAssert.Contains(message, part);
    }

    [TestMethod]
    public void Nothing_is_said_where_the_versions_agree()
    {
        Assert.IsNull(TorchSharpConflict.Warning(typeof(TorchSharpCatalog).Assembly, new Version(0, 102, 7, 0)));
        Assert.IsNull(TorchSharpConflict.Warning(typeof(Gpt2).Assembly, new Version(0, 107, 0, 0)), "an assembly built for that version");
    }
}
