using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using TorchSharp;

namespace Focus;

/// <summary>Warns where Microsoft.ML.TorchSharp shares a process with a TorchSharp that its trainers fail with.</summary>
/// <remarks>See docs/microsoft-ml-torchsharp.md for what fails and why.</remarks>
internal static class TorchSharpConflict
{
    private const string Package = "Microsoft.ML.TorchSharp";

    /// <summary>From this version on, initialisers dispose the weights of layers that are used as Microsoft.ML.TorchSharp 0.23.1 uses them.</summary>
    private static readonly Version FirstFailing = new(0, 104);

    /// <summary>Writes the warning to a context's log, where there is reason.</summary>
    public static void Warn(MLContext mlContext)
    {
        if (!IsPresent() || Warning(Assembly.Load(Package), typeof(torch).Assembly.GetName().Version!) is not { } warning) return;
        using var channel = ((IHostEnvironment)mlContext).Start("Focus");
        channel.Warning(MessageSensitivity.None, "{0}", warning);
    }

    /// <summary>What to say of an assembly beside a version of TorchSharp, or null where it was built for such a version.</summary>
    internal static string? Warning(Assembly library, Version loaded)
    {
        var expected = library.GetReferencedAssemblies().FirstOrDefault(reference => reference.Name == "TorchSharp")?.Version;
        if (expected is null || expected >= FirstFailing || loaded < FirstFailing) return null;
        var version = library.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        return $"{Package} {version} was built for TorchSharp {expected.ToString(3)}, but this program runs TorchSharp {loaded.ToString(3)}: its trainers " +
            "(TextClassification, SentenceSimilarity, NamedEntityRecognition, QuestionAnswer, ObjectDetection) and their saved models fail with it. " +
            $"Focus.MLExtensions is not affected. Train with them in a program of its own, which references TorchSharp {expected.ToString(3)}.";
    }

    /// <summary>Whether the program was built with the package: asked without loading it, as an answer of no is the rule.</summary>
    private static bool IsPresent()
        => (AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") as string ?? "").Contains($"{Path.DirectorySeparatorChar}{Package}.dll", StringComparison.OrdinalIgnoreCase);
}
