using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Focus.Tests;

/// <summary>Touches every member of ML.NET that is reached by reflection.</summary>
[TestClass]
public sealed class MlNetInternalsTests
{
    [TestMethod]
    public void A_transformer_saves_and_loads_itself_through_the_internals()
    {
        using var file = new MemoryStream();
        new MLContext().Model.Save(new Probe("payload"), null, file);

        var context = new MLContext();
        var create = typeof(Probe).GetMethod(nameof(Probe.Create), BindingFlags.Static | BindingFlags.Public)!;
        MlNetInternals.Current.AddLoadableClass(context.ComponentCatalog, typeof(Probe), Probe.LoadName, create);
        file.Position = 0;
        var loaded = context.Model.Load(file, out _);

        Assert.AreEqual("payload", ((Probe)loaded).Payload);
    }

    [TestMethod]
    public void A_schema_has_the_shape_of_its_visible_columns()
    {
        var schema = new DataViewSchema.Builder();
        schema.AddColumn("Twice", NumberDataViewType.Double);
        schema.AddColumn("Twice", new KeyDataViewType(typeof(uint), 3));
        schema.AddColumn("Vector", new VectorDataViewType(NumberDataViewType.Single, 4));

        var shape = MlNetInternals.Current.CreateSchemaShape(schema.ToSchema());

        CollectionAssert.AreEqual(new[] { "Twice", "Vector" }, shape.Select(column => column.Name).ToArray());
        Assert.IsTrue(shape[0].IsKey);
        Assert.AreEqual(SchemaShape.Column.VectorKind.Vector, shape[1].Kind);
    }

    [TestMethod]
    public void What_is_missing_is_named_with_the_way_out()
    {
        var error = Assert.ThrowsExactly<NotSupportedException>(() => new MlNetInternals([typeof(string).Assembly]));

        StringAssert.Contains(error.Message, "Microsoft.ML.VersionInfo");
        StringAssert.Contains(error.Message, "mlContext.Focus.Model.Save");
    }

    private sealed class Probe(string payload) : ITransformer
    {
        public const string LoadName = "InternalsProbe";

        private const string StreamName = "Payload";

        public string Payload => payload;

        public bool IsRowToRowMapper => false;

        public static ITransformer Create(IHostEnvironment environment, object modelLoadContext)
        {
            var payload = "";
            Assert.IsFalse(MlNetInternals.Current.TryLoadBinaryStream(modelLoadContext, "Absent", _ => { }));
            Assert.IsTrue(MlNetInternals.Current.TryLoadBinaryStream(modelLoadContext, StreamName, reader => payload = reader.ReadString()));
            return new Probe(payload);
        }

        public void Save(ModelSaveContext context)
        {
            MlNetInternals.Current.SetVersionInfo(context, "PROBETST", 1, typeof(Probe).Assembly.GetName().Name!, LoadName);
            MlNetInternals.Current.SaveBinaryStream(context, StreamName, writer => writer.Write(payload));
        }

        public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => inputSchema;

        public IDataView Transform(IDataView input) => input;

        public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => throw new InvalidOperationException();
    }
}
