using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Focus;

/// <summary>Our models in ML.NET's model files: one loadable class for all kinds, whose one stream is a file of
/// <see cref="ModelFile"/>.</summary>
internal static class ModelRegistration
{
    private const string ModelSignature = "FOCUSMDL", LoadName = "FocusModel", StreamName = "Focus.zip";

    private static readonly Assembly Library = typeof(ModelRegistration).Assembly;

    /// <summary>Lets an environment load our models.</summary>
    public static void Register(ComponentCatalog catalog)
    {
        try
        {
            var create = typeof(ModelRegistration).GetMethod(nameof(Load), BindingFlags.Static | BindingFlags.NonPublic)!;
            MlNetInternals.Current.AddLoadableClass(catalog, typeof(FocusTransformer), LoadName, create);
        }
        catch (NotSupportedException)
        {
            // Everything else works without; saving a model this way says what is wrong.
        }
    }

    /// <summary>Saves a model into its folder of a model file.</summary>
    /// <exception cref="NotSupportedException">This version of ML.NET does not allow it.</exception>
    public static void Save(FocusTransformer model, ModelSaveContext context)
    {
        var internals = MlNetInternals.Current;
        internals.SetVersionInfo(context, ModelSignature, ModelFile.Version, Library.GetName().Name!, LoadName);
        internals.SaveBinaryStream(context, StreamName, writer => ModelFile.Save(model, writer.BaseStream));
    }

    /// <summary>Called by ML.NET to load a model from its folder of a model file.</summary>
    private static ITransformer Load(IHostEnvironment environment, object modelLoadContext)
    {
        FocusTransformer? model = null;
        try
        {
            if (!MlNetInternals.Current.TryLoadBinaryStream(modelLoadContext, StreamName, reader => model = ModelFile.Load(reader.BaseStream)))
                throw new InvalidDataException($"The model file lacks the stream '{StreamName}' of a model of Focus.MLExtensions.");
        }
        catch (InvalidDataException error)
        {
            // Marked as expected, so that ML.NET passes it on instead of reporting a fault of its own.
            throw environment.Process(error);
        }
        return model!;
    }
}
