using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Compat.Tests;

[TestClass]
public class ObjectDataTests
{
    private readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void ObjectsSurviveTheRoundTrip()
    {
        Row[] rows = [new() { Number = 1.5f, Text = "a", Flag = true, Vector = [1, 2], Words = ["p", "q"], Buffer = new(3, 1, [7.0], [2]) }, new()];

        var back = _ml.Data.CreateEnumerable<Row>(_ml.Data.LoadFromEnumerable(rows), reuseRowObject: false).ToArray();

        Assert.HasCount(2, back);
        Assert.AreEqual(1.5f, back[0].Number);
        Assert.AreEqual("a", back[0].Text);
        Assert.IsTrue(back[0].Flag);
        Assert.AreSequenceEqual(new[] { 1f, 2 }, back[0].Vector);
        Assert.AreSequenceEqual(new[] { "p", "q" }, back[0].Words);
        Assert.AreSequenceEqual(new[] { 0.0, 0, 7 }, back[0].Buffer.DenseValues());
        Assert.AreEqual("", back[1].Text, "A column has no null text.");
        Assert.IsNull(back[1].Words, "An empty vector leaves what is empty or null as it is.");
    }

    [TestMethod]
    public void AttributesDecideNamesAndTypes()
    {
        var schema = _ml.Data.LoadFromEnumerable(Array.Empty<Row>()).Schema;

        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 2), schema["Vector"].Type);
        Assert.AreEqual(new VectorDataViewType(TextDataViewType.Instance), schema["Words"].Type);
        Assert.AreEqual(BooleanDataViewType.Instance, schema["Switch"].Type);
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 3), schema["Class"].Type);
        Assert.IsNull(schema.GetColumnOrNull("Ignored"));
    }

    [TestMethod]
    public void KeysCountFromZeroInMembersAndFromOneInColumns()
    {
        var data = _ml.Data.LoadFromEnumerable(new uint[] { 0, 2, 3 }.Select(key => new Row { Class = key }));

        Assert.AreSequenceEqual(new uint[] { 1, 3, 0 }, data.GetColumn<uint>("Class"), "Keys beyond the count are missing.");
    }

    [TestMethod]
    public void CursorHonoursTheColumnsAskedFor()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() { Number = 3 } });
        using var cursor = data.GetRowCursor([data.Schema["Number"]]);

        Assert.IsTrue(cursor.IsColumnActive(data.Schema["Number"]));
        Assert.IsFalse(cursor.IsColumnActive(data.Schema["Text"]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => cursor.GetGetter<ReadOnlyMemory<char>>(data.Schema["Text"]));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<double>(data.Schema["Number"]));
    }

    [TestMethod]
    public void CursorRefusesColumnsOfAnotherView()
    {
        var data = _ml.Data.LoadFromEnumerable(new[] { new { Number = 1f } });
        var other = _ml.Data.LoadFromEnumerable(Array.Empty<Row>()).Schema.Last();

        Assert.ThrowsExactly<InvalidOperationException>(() => data.GetRowCursor([other]));
    }

    [TestMethod]
    public void CursorKnowsItsPosition()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new(), new() });
        using var cursor = data.GetRowCursor(data.Schema);
        var getId = cursor.GetIdGetter();
        DataViewRowId id = default;

        Assert.AreEqual(-1, cursor.Position);
        Assert.IsTrue(cursor.MoveNext());
        Assert.IsTrue(cursor.MoveNext());
        getId(ref id);
        Assert.AreEqual(1, cursor.Position);
        Assert.AreEqual(new DataViewRowId(1, 0), id);
        Assert.IsFalse(cursor.MoveNext());
        Assert.AreEqual(-1, cursor.Position);
        Assert.IsFalse(cursor.MoveNext());
        Assert.ThrowsExactly<InvalidOperationException>(() => getId(ref id));
    }

    [TestMethod]
    public void RowCountIsKnownOnlyOfCollections()
    {
        Assert.AreEqual(2, _ml.Data.LoadFromEnumerable(new Row[] { new(), new() }).GetRowCount());
        Assert.IsNull(_ml.Data.LoadFromEnumerable(Enumerable.Range(0, 2).Select(_ => new Row())).GetRowCount());
    }

    [TestMethod]
    public void CursorSetCoversAllRows()
    {
        var data = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 5).Select(i => new Row { Number = i }));
        var sum = 0f;
        foreach (var cursor in data.GetRowCursorSet([data.Schema["Number"]], 4))
        {
            using (cursor)
            {
                var getter = cursor.GetGetter<float>(data.Schema["Number"]);
                var value = 0f;
                while (cursor.MoveNext())
                {
                    getter(ref value);
                    sum += value;
                }
            }
        }

        Assert.AreEqual(10, sum);
    }

    [TestMethod]
    public void ReusedObjectIsTheSameEachTime()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() { Number = 1 }, new() { Number = 2 } });

        var reused = _ml.Data.CreateEnumerable<Row>(data, reuseRowObject: true).ToArray();

        Assert.AreSame(reused[0], reused[1]);
        Assert.AreEqual(2, reused[0].Number);
    }

    [TestMethod]
    public void MissingColumnsAreAnErrorUnlessIgnored()
    {
        var data = _ml.Data.LoadFromEnumerable(new[] { new { Number = 1f } });

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.CreateEnumerable<Row>(data, false).First());
        Assert.AreEqual(1, _ml.Data.CreateEnumerable<Row>(data, false, ignoreMissingColumns: true).First().Number);
    }

    [TestMethod]
    public void ColumnsMustFitTheMembers()
    {
        var data = _ml.Data.LoadFromEnumerable(new[] { new { Number = 1.0 } });

        Assert.ThrowsExactly<InvalidOperationException>(() => _ml.Data.CreateEnumerable<Row>(data, false, ignoreMissingColumns: true).First());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.LoadFromEnumerable(new[] { new { Number = 1m } }));
    }

    [TestMethod]
    public void NullRowIsAnError()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { null! });

        Assert.ThrowsExactly<InvalidOperationException>(() => data.GetColumn<float>("Number").Count());
    }

    [TestMethod]
    public void SchemaDefinitionOverridesTypesAndAddsAnnotations()
    {
        var definition = SchemaDefinition.Create(typeof(Row), SchemaDefinition.Direction.Read);
        definition["Words"].ColumnType = new VectorDataViewType(TextDataViewType.Instance, 2);
        definition["Number"].ColumnName = "Renamed";
        definition["Class"].AddAnnotation("KeyValues", new[] { "a", "b", "c" }, new VectorDataViewType(TextDataViewType.Instance, 3));

        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() { Number = 4 } }, definition);
        VBuffer<ReadOnlyMemory<char>> values = default;
        data.Schema["Class"].GetKeyValues(ref values);

        Assert.AreEqual(new VectorDataViewType(TextDataViewType.Instance, 2), data.Schema["Words"].Type);
        Assert.AreEqual(4, data.GetColumn<float>("Renamed").Single());
        Assert.IsTrue(data.Schema["Class"].HasKeyValues());
        Assert.AreSequenceEqual(new[] { "a", "b", "c" }, values.DenseValues().Select(value => value.ToString()));
    }

    [TestMethod]
    public void GetColumnConvertsTextAndVectors()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() { Text = "t", Vector = [1, 2], Words = ["p"] } });

        Assert.AreEqual("t", data.GetColumn<string>("Text").Single());
        Assert.AreSequenceEqual(new[] { 1f, 2 }, data.GetColumn<float[]>("Vector").Single());
        Assert.AreSequenceEqual(new[] { "p" }, data.GetColumn<string[]>("Words").Single());
        Assert.AreEqual(2, data.GetColumn<VBuffer<float>>("Vector").Single().Length);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => data.GetColumn<int>("Text").Count());
    }

    private sealed class Row
    {
        public float Number { get; set; }

        public string? Text { get; set; }

        [ColumnName("Switch")]
        public bool Flag;

        [VectorType(2)]
        public float[] Vector { get; set; } = [0, 0];

        public string[]? Words { get; set; }

        [VectorType(3)]
        public VBuffer<double> Buffer = new(3, 0, [], []);

        [KeyType(3)]
        public uint Class { get; set; }

        [NoColumn]
        public object? Ignored { get; set; }
    }
}
