using System.Text;

namespace Microsoft.ML;

/// <summary>One folder of a model file, where a component saves itself.</summary>
public sealed class ModelSaveContext : IDisposable
{
    internal const string ModelEntry = "Model.key";

    private readonly ModelArchiveWriter _archive;
    private readonly string _directory;
    private readonly MemoryStream _model = new();
    private VersionInfo? _version;

    internal ModelSaveContext(ModelArchiveWriter archive, string directory)
    {
        _archive = archive;
        _directory = directory;
        Writer = new BinaryWriter(_model, Encoding.UTF8);
    }

    internal BinaryWriter Writer { get; }

    internal void SetVersionInfo(VersionInfo ver) => _version = ver;

    internal void SaveBinaryStream(string name, Action<BinaryWriter> action)
    {
        Require.Name(name, nameof(name));
        ArgumentNullException.ThrowIfNull(action);
        _archive.Write($"{_directory}/{name}", stream =>
        {
            using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
            action(writer);
        });
    }

    internal void SaveModel(ICanSaveModel model, string name) => Save(_archive, model, $"{_directory}/{name}");

    internal static void Save(ModelArchiveWriter archive, ICanSaveModel model, string directory)
    {
        using var context = new ModelSaveContext(archive, directory);
        model.Save(context);
        context.Done(model);
    }

    public void Dispose() => Writer.Dispose();

    private void Done(ICanSaveModel model)
    {
        var version = _version ?? throw new InvalidOperationException($"{model.GetType()} saved itself without setting its version.");
        Writer.Flush();
        _archive.Write($"{_directory}/{ModelEntry}", stream => ModelHeader.Write(stream, version, _model.GetBuffer().AsSpan(0, (int)_model.Length)));
    }
}
