using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Compat.Tests;

[TestClass]
public class PredictionEngineTests
{
    private readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void EngineMapsObjectsThroughAChain()
    {
        using var engine = _ml.Model.CreatePredictionEngine<Input, Output>(Fit());

        Assert.AreSequenceEqual(new[] { 1f, 2 }, engine.Predict(new Input { X = 1, Y = 2, Word = "b" }).Features);
        Assert.AreEqual(2u, engine.Predict(new Input { Word = "b" }).Key);
        Assert.AreEqual(0u, engine.Predict(new Input { Word = "unseen" }).Key);
        Assert.IsNotNull(engine.OutputSchema.GetColumnOrNull("Features"));
    }

    [TestMethod]
    public void EngineFillsAGivenObject()
    {
        using var engine = _ml.Model.CreatePredictionEngine<Input, Output>(Fit());
        var output = new Output();
        var given = output;

        engine.Predict(new Input { X = 5, Word = "a" }, ref output);

        Assert.AreSame(given, output);
        Assert.AreEqual(5, output.Features[0]);
    }

    [TestMethod]
    public void MissingOutputColumnsAreIgnoredUnlessForbidden()
    {
        var model = Fit();

        Assert.IsNull(_ml.Model.CreatePredictionEngine<Input, Unknown>(model).Predict(new Input()).Nothing);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Model.CreatePredictionEngine<Input, Unknown>(model, ignoreMissingColumns: false));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _ml.Model.CreatePredictionEngine<Input, Unknown>(model, new PredictionEngineOptions { IgnoreMissingColumns = false }));
    }

    [TestMethod]
    public void InputMustHaveTheColumnsOfTheModel() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Model.CreatePredictionEngine<Unknown, Output>(Fit()));

    [TestMethod]
    public void SchemaGivesTheInputItsTypes()
    {
        var definition = SchemaDefinition.Create(typeof(Open));
        definition["V"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 2);
        var data = _ml.Data.LoadFromEnumerable(new Open[] { new() { V = [1, 2] } }, definition);
        var model = _ml.Transforms.Concatenate("Features", "V", "V").Fit(data);

        using var engine = _ml.Model.CreatePredictionEngine<Open, Joined>(model, data.Schema);

        Assert.AreSequenceEqual(new[] { 3f, 4, 3, 4 }, engine.Predict(new Open { V = [3, 4] }).Features);
    }

    private ITransformer Fit()
    {
        var data = _ml.Data.LoadFromEnumerable(new Input[] { new() { Word = "a" }, new() { Word = "b" } });
        return _ml.Transforms.Concatenate("Features", "X", "Y").Append(_ml.Transforms.Conversion.MapValueToKey("Key", "Word")).Fit(data);
    }

    private sealed class Input
    {
        public float X { get; set; }

        public float Y { get; set; }

        public string Word { get; set; } = "";
    }

    private sealed class Output
    {
        public float[] Features { get; set; } = [];

        public uint Key { get; set; }
    }

    private sealed class Joined
    {
        public float[] Features { get; set; } = [];
    }

    private sealed class Unknown
    {
        public string? Nothing { get; set; }
    }

    private sealed class Open
    {
        public float[] V { get; set; } = [];
    }
}
