using System.Reflection;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>One folder of a model file, from which a component is created.</summary>
internal sealed class ModelLoadContext : IDisposable
{
    private readonly ModelArchiveReader _archive;
    private readonly string _directory;
    private readonly ModelHeader _header;

    private ModelLoadContext(ModelArchiveReader archive, string directory, byte[] entry)
    {
        _archive = archive;
        _directory = directory;
        _header = ModelHeader.Read(entry, $"{directory}/{ModelSaveContext.ModelEntry}", out var model);
        Reader = new BinaryReader(new MemoryStream(model), Encoding.UTF8);
    }

    public BinaryReader Reader { get; }

    public void CheckVersionInfo(VersionInfo ver)
    {
        Require.Format(_header.ModelSignature == ver.ModelSignature, $"'{_directory}' of the model file is not a '{ver.LoaderSignature}'.");
        Require.Format(_header.VerReadable <= ver.VerWrittenCur,
            $"'{_directory}' of the model file is too new: reading it takes version {_header.VerReadable:x8} of '{ver.LoaderSignature}', this is {ver.VerWrittenCur:x8}.");
        Require.Format(_header.VerWritten >= ver.VerWeCanReadBack,
            $"'{_directory}' of the model file is too old: version {_header.VerWritten:x8} of '{ver.LoaderSignature}', the oldest that can be read is {ver.VerWeCanReadBack:x8}.");
    }

    public bool TryLoadBinaryStream(string name, Action<BinaryReader> action)
    {
        Require.Name(name, nameof(name));
        ArgumentNullException.ThrowIfNull(action);
        return _archive.TryRead($"{_directory}/{name}", stream =>
        {
            using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
            action(reader);
        });
    }

    public ITransformer LoadTransformer(IHostEnvironment env, string name) => LoadTransformer(env, _archive, $"{_directory}/{name}");

    public static ITransformer LoadTransformer(IHostEnvironment env, ModelArchiveReader archive, string directory)
    {
        byte[] entry = null;
        archive.TryRead($"{directory}/{ModelSaveContext.ModelEntry}", stream =>
        {
            entry = new byte[stream.Length];
            stream.ReadExactly(entry);
        });
        Require.Format(entry is not null, $"The model file has no '{directory}/{ModelSaveContext.ModelEntry}'.");
        using var context = new ModelLoadContext(archive, directory, entry);
        return context.Create(env);
    }

    public void Dispose() => Reader.Dispose();

    private ITransformer Create(IHostEnvironment env)
    {
        // As in the official library, the loader's assembly must be there, even if the class was registered by hand.
        if (_header.LoaderAssemblyName.Length > 0) Assembly.Load(_header.LoaderAssemblyName);

        var loader = env.ComponentCatalog.Find(_header.LoaderSignature, typeof(SignatureLoadModel));
        Require.Format(loader is not null,
            $"'{_directory}' of the model file was saved by '{_header.LoaderSignature}', which is not registered in the component catalog.");
        return loader.CreateInstance(env, [this]) as ITransformer
            ?? throw Require.Mark(new FormatException($"'{_header.LoaderSignature}' did not load a transformer from '{_directory}' of the model file."));
    }
}
