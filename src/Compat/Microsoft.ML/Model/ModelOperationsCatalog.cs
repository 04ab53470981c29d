using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Saves, loads and applies models.</summary>
public sealed class ModelOperationsCatalog
{
    private const string SchemaEntry = "Schema";
    private const string ModelFolder = "TransformerChain";

    private readonly IHostEnvironment _environment;

    internal ModelOperationsCatalog(IHostEnvironment env)
    {
        _environment = env;
    }

    public void Save(ITransformer model, DataViewSchema inputSchema, string filePath)
    {
        Require.Name(filePath, nameof(filePath));

        // The file appears when it is whole.
        var path = Path.GetFullPath(filePath);
        var unfinished = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = File.Create(unfinished)) Save(model, inputSchema, stream);
            File.Move(unfinished, path, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    public void Save(ITransformer model, DataViewSchema inputSchema, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var archive = new ModelArchiveWriter(stream);
        if (model is not null) ModelSaveContext.Save(archive, model, ModelFolder);
        if (inputSchema is null) return;
        archive.Write(SchemaEntry, entry =>
        {
            using var writer = new BinaryWriter(entry, Encoding.UTF8, leaveOpen: true);
            SchemaCodec.Write(writer, inputSchema);
        });
    }

    public ITransformer Load(string filePath, out DataViewSchema inputSchema)
    {
        Require.Name(filePath, nameof(filePath));
        using var stream = File.OpenRead(filePath);
        return Load(stream, out inputSchema);
    }

    public ITransformer Load(Stream stream, out DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var archive = new ModelArchiveReader(stream);
        DataViewSchema schema = null;
        archive.TryRead(SchemaEntry, entry => schema = SchemaCodec.Read(new BinaryReader(entry, Encoding.UTF8)));
        inputSchema = schema;
        return ModelLoadContext.LoadTransformer(_environment, archive, ModelFolder);
    }

    /// <summary>An engine that maps single objects.</summary>
    public PredictionEngine<TSrc, TDst> CreatePredictionEngine<TSrc, TDst>(ITransformer transformer, bool ignoreMissingColumns = true,
        SchemaDefinition inputSchemaDefinition = null, SchemaDefinition outputSchemaDefinition = null)
        where TSrc : class where TDst : class, new() =>
        new(transformer, ignoreMissingColumns, inputSchemaDefinition, outputSchemaDefinition, ownsTransformer: true);

    /// <summary>An engine whose input has the types and annotations of a schema.</summary>
    public PredictionEngine<TSrc, TDst> CreatePredictionEngine<TSrc, TDst>(ITransformer transformer, DataViewSchema inputSchema)
        where TSrc : class where TDst : class, new() =>
        new(transformer, ignoreMissingColumns: false, ObjectColumns<TSrc>.Define(inputSchema), outputSchemaDefinition: null, ownsTransformer: true);

    public PredictionEngine<TSrc, TDst> CreatePredictionEngine<TSrc, TDst>(ITransformer transformer, PredictionEngineOptions options)
        where TSrc : class where TDst : class, new() =>
        new(transformer, options.IgnoreMissingColumns, options.InputSchemaDefinition, options.OutputSchemaDefinition, options.OwnsTransformer);
}
