using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

/// <summary>Labels of every type that ML.NET maps to keys.</summary>
[TestClass]
public sealed class LabelTypeTests
{
    private readonly MLContext mlContext = new(seed: 1);

    [TestMethod]
    public void Numbers_and_texts_come_back_as_what_they_are()
    {
        AssertComeBack("red", "grün", "a b");
        AssertComeBack(true, false);
        AssertComeBack<sbyte>(-128, 3, 127);
        AssertComeBack<byte>(0, 3, 255);
        AssertComeBack<short>(-32768, 3, 32767);
        AssertComeBack<ushort>(0, 3, 65535);
        AssertComeBack(int.MinValue, 3, int.MaxValue);
        AssertComeBack(0u, 3u, uint.MaxValue);
        AssertComeBack(long.MinValue, 3, long.MaxValue);
        AssertComeBack<ulong>(0, 3, ulong.MaxValue);
        AssertComeBack(0.1f, -1e-30f, float.PositiveInfinity);
        AssertComeBack(0.1, -1e-300, double.PositiveInfinity);
    }

    [TestMethod]
    public void Times_come_back_to_the_tick_with_their_kind_and_offset()
    {
        AssertComeBack(TimeSpan.FromTicks(1), TimeSpan.FromDays(-400), TimeSpan.MaxValue);
        AssertComeBack(
            new DateTimeOffset(2024, 2, 29, 1, 2, 3, TimeSpan.FromHours(5.5)).AddTicks(1), DateTimeOffset.MaxValue, new DateTimeOffset(1, 1, 2, 0, 0, 0, TimeSpan.FromHours(-3)));
        DateTime[] dates = [new(2024, 2, 29, 1, 2, 3, DateTimeKind.Utc), new(2024, 2, 29, 1, 2, 3, 4, DateTimeKind.Unspecified), DateTime.MaxValue];
        foreach (var (expected, found) in dates.Zip(AssertComeBack(dates).Distinct())) Assert.AreEqual(expected.Kind, found.Kind);
    }

    [TestMethod]
    public void Row_ids_come_back() => AssertComeBack(new DataViewRowId(1, 2), new DataViewRowId(ulong.MaxValue, 0), new DataViewRowId(0, ulong.MaxValue));

    [TestMethod]
    public void Keys_come_back_as_keys()
    {
        var source = mlContext.View(Blobs.Keyed(60).Select(point => new Keyed { Features = point.Features, Label = 2 - point.Label }));
        var data = mlContext.Transforms.CopyColumns("Kind", "Label").Fit(source).Transform(source);

        var output = FitAndLoad(data).Transform(data);

        Assert.AreEqual("Key<UInt32, 0-2>", $"{output.Schema["Answer"].Type}");
        AssertAnswers(output, 3u, 2u, 1u);
    }

    private T[] AssertComeBack<T>(params T[] values)
    {
        var culture = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = ",", NegativeSign = "~" } };
            var data = mlContext.Data.LoadFromEnumerable(Blobs.Keyed(60).Select((point, i) => new Labelled<T> { Features = point.Features, Kind = values[i % values.Length] }));
            return AssertAnswers(FitAndLoad(data).Transform(data), values);
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    /// <summary>Checks that each answer is the value that the predicted key stands for; keys are numbered as their values occur.</summary>
    private static T[] AssertAnswers<T>(IDataView output, params T[] values)
    {
        var answers = output.GetColumn<T>("Answer").ToArray();
        CollectionAssert.AreEqual(output.GetColumn<uint>("PredictedLabel").Select(key => values[key - 1]).ToArray(), answers);
        Assert.HasCount(values.Length, answers.Distinct());
        return answers;
    }

    private ITransformer FitAndLoad(IDataView data)
    {
        var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label", "Kind").Append(mlContext.Focus.Trainers.Mlp(Blobs.Quick))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("Answer", "PredictedLabel"));
        using var file = new MemoryStream();
        mlContext.Model.Save(pipeline.Fit(data), data.Schema, file);
        return new MLContext().Model.Load(file, out _);
    }

    private sealed class Labelled<T>
    {
        [VectorType(2)]
        public float[] Features { get; set; } = [];

        public T Kind { get; set; } = default!;
    }
}
