using System.Collections.Immutable;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Compat.Tests;

[TestClass]
public class SchemaTests
{
    [TestMethod]
    public void LaterColumnHidesAnEarlierOne()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("A", NumberDataViewType.Single);
        builder.AddColumn("B", TextDataViewType.Instance);
        builder.AddColumn("A", NumberDataViewType.Double);

        var schema = builder.ToSchema();

        Assert.HasCount(3, schema);
        Assert.AreEqual(2, schema["A"].Index);
        Assert.IsTrue(schema[0].IsHidden);
        Assert.IsFalse(schema[2].IsHidden);
    }

    [TestMethod]
    public void MissingColumnIsOutOfRangeOrNull()
    {
        var schema = new DataViewSchema.Builder().ToSchema();

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => schema["A"]);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => schema[0]);
        Assert.IsNull(schema.GetColumnOrNull("A"));
    }

    [TestMethod]
    public void TypesAreEqualByWhatTheyHold()
    {
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 3), new VectorDataViewType(NumberDataViewType.Single, ImmutableArray.Create(3)));
        Assert.AreNotEqual(new VectorDataViewType(NumberDataViewType.Single, 6), new VectorDataViewType(NumberDataViewType.Single, 2, 3));
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 3), new KeyDataViewType(typeof(uint), 3UL));
        Assert.AreNotEqual(new KeyDataViewType(typeof(uint), 3), new KeyDataViewType(typeof(byte), 3));
        Assert.AreEqual(6, new VectorDataViewType(NumberDataViewType.Single, 2, 3).Size);
        Assert.IsFalse(new VectorDataViewType(NumberDataViewType.Single).IsKnownSize);
    }

    [TestMethod]
    public void TypesNameThemselves()
    {
        Assert.AreEqual("Vector<Single, 784>", new VectorDataViewType(NumberDataViewType.Single, 784).ToString());
        Assert.AreEqual("Vector<Single, 2, *>", new VectorDataViewType(NumberDataViewType.Single, 2, 0).ToString());
        Assert.AreEqual("Vector<Single>", new VectorDataViewType(NumberDataViewType.Single).ToString());
        Assert.AreEqual("Key<UInt32, 0-9>", new KeyDataViewType(typeof(uint), 10).ToString());
        Assert.AreEqual("String", TextDataViewType.Instance.ToString());
    }

    [TestMethod]
    public void KeysNeedAnUnsignedTypeAndAFittingCount()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new KeyDataViewType(typeof(int), 3));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new KeyDataViewType(typeof(byte), 256));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new KeyDataViewType(typeof(uint), 0));
    }

    [TestMethod]
    public void AnnotationsAreReadByKindAndType()
    {
        var names = new[] { "x", "y" }.Select(name => name.AsMemory()).ToArray();
        var builder = new DataViewSchema.Annotations.Builder();
        builder.Add("SlotNames", new VectorDataViewType(TextDataViewType.Instance, 2),
            (ref VBuffer<ReadOnlyMemory<char>> value) => value = new(2, names));
        builder.AddPrimitiveValue("Weight", NumberDataViewType.Double, 0.5);
        var schema = new DataViewSchema.Builder();
        schema.AddColumn("V", new VectorDataViewType(NumberDataViewType.Single, 2), builder.ToAnnotations());
        var column = schema.ToSchema()["V"];

        VBuffer<ReadOnlyMemory<char>> slotNames = default;
        column.GetSlotNames(ref slotNames);
        var weight = 0.0;
        column.Annotations.GetValue("Weight", ref weight);

        Assert.IsTrue(column.HasSlotNames());
        Assert.IsFalse(column.HasKeyValues());
        Assert.AreSequenceEqual(new[] { "x", "y" }, slotNames.DenseValues().Select(name => name.ToString()));
        Assert.AreEqual(0.5, weight);
        Assert.ThrowsExactly<InvalidOperationException>(() => column.Annotations.GetValue("Other", ref weight));
        Assert.ThrowsExactly<InvalidOperationException>(() => column.Annotations.GetValue("SlotNames", ref weight));
    }
}
