using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

/// <summary>The members of ML.NET that are reached by reflection; those of model files, <see cref="MlNetModelTests"/> touch.</summary>
[TestClass]
public sealed class MlNetInternalsTests
{
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
}
