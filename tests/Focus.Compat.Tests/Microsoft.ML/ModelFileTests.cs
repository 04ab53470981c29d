using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Focus.Compat.Tests;

[TestClass]
public class ModelFileTests
{
    private readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void ChainIsTheSameAfterSavingAndLoading()
    {
        var data = Data();
        var model = Pipeline().Fit(data);
        using var folder = new TemporaryFolder();

        _ml.Model.Save(model, data.Schema, folder.File("model.zip"));
        var loaded = new MLContext().Model.Load(folder.File("model.zip"), out var schema);

        var expected = model.Transform(data);
        var actual = loaded.Transform(data);
        Assert.AreSequenceEqual(expected.GetColumn<float[]>("Features").SelectMany(row => row), actual.GetColumn<float[]>("Features").SelectMany(row => row));
        Assert.AreSequenceEqual(expected.GetColumn<uint>("Key"), actual.GetColumn<uint>("Key"));
        Assert.AreSequenceEqual(new[] { "b", "a", "b" }, actual.GetColumn<string>("Back"));
        Assert.AreSequenceEqual(data.Schema.Select(column => (column.Name, column.Type)), schema.Select(column => (column.Name, column.Type)));
        Assert.HasCount(1, Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public void SchemaKeepsItsAnnotations()
    {
        var data = Data();
        var keyed = _ml.Transforms.Conversion.MapValueToKey("Key", "Word").Append(_ml.Transforms.Concatenate("Features", "X", "Y")).Fit(data).Transform(data);
        using var stream = new MemoryStream();

        _ml.Model.Save(_ml.Transforms.CopyColumns("Copy", "Key").Fit(keyed), keyed.Schema, stream);
        stream.Position = 0;
        _ml.Model.Load(stream, out var schema);

        VBuffer<ReadOnlyMemory<char>> names = default;
        schema["Key"].GetKeyValues(ref names);
        Assert.AreSequenceEqual(new[] { "b", "a" }, names.DenseValues().Select(name => name.ToString()));
        schema["Features"].GetSlotNames(ref names);
        Assert.AreSequenceEqual(new[] { "X", "Y" }, names.DenseValues().Select(name => name.ToString()));
    }

    [TestMethod]
    public void ModelWithoutSchemaLoadsWithoutOne()
    {
        using var stream = new MemoryStream();
        _ml.Model.Save(Pipeline().Fit(Data()), null, stream);
        stream.Position = 0;

        Assert.IsNotNull(_ml.Model.Load(stream, out var schema));
        Assert.IsNull(schema);
    }

    [TestMethod]
    [DataRow(0.99)]
    [DataRow(0.5)]
    [DataRow(0.0)]
    public void FileCutShortIsAFormatError(double kept)
    {
        var bytes = Saved(Pipeline().Fit(Data()));

        Assert.ThrowsExactly<FormatException>(() => _ml.Model.Load(new MemoryStream(bytes[..(int)(bytes.Length * kept)]), out _));
    }

    [TestMethod]
    public void FileThatIsNoModelIsAFormatError()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("text.zip"), "This is not a model.");

        Assert.ThrowsExactly<FormatException>(() => _ml.Model.Load(folder.File("text.zip"), out _));
        Assert.ThrowsExactly<FileNotFoundException>(() => _ml.Model.Load(folder.File("nothing.zip"), out _));
    }

    [TestMethod]
    public void TransformerFromOutsideSavesAndLoadsInAChain()
    {
        var data = Data();
        var model = _ml.Transforms.CopyColumns("Z", "X").Fit(data).Append(new Outsider(payload: "weights"));
        var bytes = Saved(model);
        var fresh = new MLContext();
        Outsider.Register(fresh);

        var loaded = (IEnumerable<ITransformer>)fresh.Model.Load(new MemoryStream(bytes), out _);

        Assert.AreEqual("weights", ((Outsider)loaded.Last()).Payload);
        using var zip = new ZipArchive(new MemoryStream(bytes));
        Assert.Contains("TransformerChain/Transform_001/Payload", zip.Entries.Select(entry => entry.FullName).ToArray());
    }

    [TestMethod]
    public void UnknownLoaderIsAFormatError() =>
        Assert.ThrowsExactly<FormatException>(() => new MLContext().Model.Load(new MemoryStream(Saved(new Outsider("weights"))), out _));

    [TestMethod]
    public void ModelOfANewerVersionIsRefused()
    {
        var bytes = Saved(new Outsider("weights", version: 0x00020001));
        var fresh = new MLContext();
        Outsider.Register(fresh);

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => fresh.Model.Load(new MemoryStream(bytes), out _));

        Assert.IsInstanceOfType<FormatException>(error.GetBaseException());
        Assert.Contains("too new", error.GetBaseException().Message);
    }

    [TestMethod]
    public void ShapeOfASchemaNamesItsTypes()
    {
        var data = Data();
        var shape = Persistence.Shape(Pipeline().Fit(data).Transform(data).Schema);

        var features = shape.Single(column => column.Name == "Features");
        var key = shape.Single(column => column.Name == "Key");
        Assert.AreEqual(SchemaShape.Column.VectorKind.Vector, features.Kind);
        Assert.AreEqual(NumberDataViewType.Single, features.ItemType);
        Assert.IsTrue(key.IsKey);
        Assert.AreEqual(NumberDataViewType.UInt32, key.ItemType);
        Assert.AreSequenceEqual(new[] { "KeyValues" }, key.Annotations.Select(annotation => annotation.Name));
    }

    private byte[] Saved(ITransformer model)
    {
        using var stream = new MemoryStream();
        _ml.Model.Save(model, Data().Schema, stream);
        return stream.ToArray();
    }

    private IEstimator<ITransformer> Pipeline() => _ml.Transforms.Concatenate("Features", "X", "Y")
        .Append(_ml.Transforms.CopyColumns("Copy", "Features"))
        .Append(_ml.Transforms.Conversion.MapValueToKey("Key", "Word"))
        .Append(_ml.Transforms.Conversion.MapKeyToValue("Back", "Key"));

    private IDataView Data() => _ml.Data.LoadFromEnumerable(new Row[] { new() { X = 1, Y = 2, Word = "b" }, new() { X = 3, Word = "a" }, new() { Word = "b" } });

    private sealed class Row
    {
        public float X { get; set; }

        public float Y { get; set; }

        public string Word { get; set; } = "";
    }

    /// <summary>A transformer as an extension writes it.</summary>
    private sealed class Outsider(string payload, uint version = 0x00010001) : ITransformer
    {
        private const string LoadName = "OutsiderTransform";

        public string Payload => payload;

        public bool IsRowToRowMapper => false;

        public static void Register(MLContext ml) => Persistence.Register(ml.ComponentCatalog, typeof(Outsider), LoadName, Create);

        public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => inputSchema;

        public IDataView Transform(IDataView input) => input;

        public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => throw new NotSupportedException();

        public void Save(ModelSaveContext ctx)
        {
            Persistence.SetVersion(ctx, Persistence.Version(LoadName, version, version));
            Persistence.Save(ctx, "Payload", writer => writer.Write(payload));
        }

        private static ITransformer Create(IHostEnvironment env, object context)
        {
            Persistence.CheckVersion(context, Persistence.Version(LoadName));
            var payload = "";
            Assert.IsTrue(Persistence.Load(context, "Payload", reader => payload = reader.ReadString()));
            return new Outsider(payload);
        }
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("focus-").FullName;

        public string File(string name) => System.IO.Path.Combine(Path, name);

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
