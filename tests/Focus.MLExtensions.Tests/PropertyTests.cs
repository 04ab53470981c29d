using CsCheck;
using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>Laws that hold for any input, checked with random ones; a failure prints the smallest that was found.</summary>
[TestClass]
public sealed class PropertyTests
{
    private const int Iterations = 200;

    /// <summary>No number is so small that another scale would round it.</summary>
    private static readonly Gen<float> Number = Gen.Int[-8000, 8000].Select(thousandths => thousandths / 1000f);

    /// <summary>Parameters and the gradients of five steps.</summary>
    private static readonly Gen<(float[] Start, float[][] Gradients)> Runs =
        from length in Gen.Int[1, 70]
        from start in Number.Array[length]
        from gradients in Number.Array[length].Array[5]
        select (start, gradients);

    private static readonly OptimizerSettings[] SignBased =
    [
        new FocusOptions { LearningRate = 0.01, Beta2 = 0.9, Gamma = 0.3, WeightDecay = 0.1 },
        new FocusOptions { LearningRate = 0.01, Beta2 = 0.9, Gamma = 0.3, WeightDecay = 0.1, DecayOrder = FocusDecayOrder.BeforeSign },
        new SignumOptions { LearningRate = 0.01, WeightDecay = 0.1 },
    ];

    private static readonly OptimizerSettings[] All = [.. SignBased, new AdamWOptions { LearningRate = 0.01 }];

    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void ASignBasedStepDoesNotDependOnTheScaleOfTheGradients() => Gen.Select(Runs, Gen.Int[-20, 20]).Sample(
        (run, power) => SignBased.All(options =>
            Train(options, run.Start, run.Gradients).SequenceEqual(
                Train(options, run.Start, Map(run.Gradients, value => MathF.ScaleB(value, power))))),
        iter: Iterations);

    [TestMethod]
    public void AMirroredProblemHasAMirroredSolution() => Runs.Sample(
        run => All.All(options =>
            Train(options, [.. run.Start.Select(value => -value)], Map(run.Gradients, value => -value))
                .SequenceEqual(Train(options, run.Start, run.Gradients).Select(value => -value))),
        iter: Iterations);

    [TestMethod]
    public void ElementsAreUpdatedAlikeInAnyOrder() => Runs.Sample(
        run => All.All(options =>
            Train(options, [.. run.Start.Reverse()], [.. run.Gradients.Select(gradient => gradient.Reverse().ToArray())])
                .SequenceEqual(Train(options, run.Start, run.Gradients).Reverse())),
        iter: Iterations);

    [TestMethod]
    public void AnySplitIntoParametersGivesTheSameBits() => Gen.Select(Runs, Gen.Int[0, 70]).Sample(
        (run, cut) =>
        {
            var at = Math.Min(cut, run.Start.Length - 1) is var index && index == 0 ? run.Start.Length : index;
            return All.All(options =>
                Train(options, run.Start[..at], [.. run.Gradients.Select(gradient => gradient[..at])])
                    .Concat(at == run.Start.Length ? [] : Train(options, run.Start[at..], [.. run.Gradients.Select(gradient => gradient[at..])]))
                    .SequenceEqual(Train(options, run.Start, run.Gradients)));
        },
        iter: Iterations);

    [TestMethod]
    public void SignumIsFocusWithoutAttractionAndMemory() => Runs.Sample(
        run =>
        {
            var signum = Train(new SignumOptions { LearningRate = 0.01, WeightDecay = 0.1 }, run.Start, run.Gradients);
            var focus = Train(new FocusOptions { LearningRate = 0.01, WeightDecay = 0.1, Gamma = 0, Beta2 = 0 }, run.Start, run.Gradients);
            return signum.Zip(focus).All(pair => Math.Abs(pair.First - pair.Second) <= 1e-5f * Math.Max(1, Math.Abs(pair.First)));
        },
        iter: Iterations);

    [TestMethod]
    public void ATextComesBackFromItsCharacters() => Gen.String.Where(text => text.EnumerateRunes().All(rune => rune.Value != 0xFFFD)).Sample(
        text =>
        {
            if (text.Length == 0) return true;
            var tokenizer = CharacterTokenizer.Learn([text]);
            return tokenizer.Decode(tokenizer.EncodeToIds(text)) == text;
        },
        iter: Iterations);

    [TestMethod]
    public void TensorsOfAnyShapeAndTypeComeBackFromAFile()
    {
        ScalarType[] types =
            [ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Int32, ScalarType.Byte, ScalarType.Bool];
        Gen.Select(Gen.Long[0, 5].Array[0, 4], Gen.Int[0, types.Length - 1]).Array[0, 4].Sample(
            shapes =>
            {
                using var scope = NewDisposeScope();
                var tensors = shapes.Select((shape, i) => (Name: $"t{i}", Tensor: rand(shape.Item1).mul(100).to(types[shape.Item2])))
                    .ToDictionary(item => item.Name, item => item.Tensor);
                using var stream = new MemoryStream();
                Safetensors.Save(stream, tensors);
                stream.Position = 0;
                var loaded = Safetensors.Load(stream).Tensors;
                return loaded.Count == tensors.Count && tensors.All(item =>
                    loaded[item.Key].dtype == item.Value.dtype && loaded[item.Key].shape.SequenceEqual(item.Value.shape)
                    && loaded[item.Key].eq(item.Value).all().ToBoolean());
            },
            iter: Iterations);
    }

    [TestMethod]
    public void AnArrayOfAnyShapeComesBackFromAFile() => Gen.Int[0, 5].Array[0, 4].Sample(
        shape =>
        {
            var path = folder.File("a.npy");
            var values = Enumerable.Range(0, shape.Aggregate(1, (product, length) => product * length)).Select(i => i * 0.1).ToArray();
            NpyFile.Write(path, values, shape, replace: true);
            var read = NpyFile.Read(path);
            return read.Shape.SequenceEqual(shape) && read.Values.SequenceEqual(values);
        },
        iter: Iterations, threads: 1);

    [TestMethod]
    public void ATokenBufferIsAListOfItsTokens() => Gen.Int[0, 100_000].Array[0, 20].Array[0, 20].Sample(
        parts =>
        {
            var buffer = new TokenBuffer("tokens");
            foreach (var part in parts) buffer.Append(part);
            var expected = parts.SelectMany(part => part).ToArray();
            var read = new int[expected.Length];
            if (buffer.Count > 0) buffer.Read(0, read);
            return buffer.Count == expected.Length && read.SequenceEqual(expected);
        },
        iter: Iterations);

    [TestMethod]
    public void SchedulesStayBetweenZeroAndOneAndAreContinuousWhereTheWarmUpEnds() =>
        Gen.Select(Gen.Long[2, 5000], Gen.Double[0, 1], Gen.Double[0, 1]).Sample(
            (total, warmupShare, floor) =>
            {
                var warmup = (long)(warmupShare * (total - 1));
                LearningRateSchedule[] schedules =
                [
                    new LinearSchedule { WarmupSteps = warmup, FinalFactor = floor },
                    new CosineSchedule { WarmupSteps = warmup, FinalFactor = floor },
                    new WarmupStableDecaySchedule { WarmupSteps = warmup, DecaySteps = (total - warmup) / 2, FinalFactor = floor },
                ];
                return schedules.All(schedule =>
                {
                    schedule.Validate(total);
                    var factors = Enumerable.Range(0, (int)total + 1).Select(step => schedule.Factor(step, total)).ToArray();
                    return factors.All(factor => factor is >= 0 and <= 1) && Math.Abs(factors[warmup] - 1) < 1e-12;
                });
            },
            iter: 50);

    [TestMethod]
    public void ColumnsReadInBlocksAreThoseReadRowByRow()
    {
        var mlContext = new MLContext(seed: 1);
        var rows = Enumerable.Range(0, 150).Select(i => new Sentence { Text = new string((char)('a' + i % 26), 1 + i % 9) });
        var data = mlContext.Data.LoadFromEnumerable(rows);
        var model = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text").Fit(data);
        var view = model.Transform(data);
        Gen.Bool.Array[2].Sample(
            wanted =>
            {
                var columns = view.Schema.Where((_, i) => wanted[i % 2]).ToArray();
                using var cursor = view.GetRowCursor(columns);
                using var inputs = data.GetRowCursor(data.Schema);
                var mapped = ((ITransformer)model).GetRowToRowMapper(data.Schema).GetRow(inputs, columns);
                while (cursor.MoveNext())
                {
                    if (!inputs.MoveNext()) return false;
                    if (columns.Any(column => Value(cursor, column) != Value(mapped, column))) return false;
                }
                return !inputs.MoveNext();
            },
            iter: 20);

        static string Value(DataViewRow row, DataViewSchema.Column column)
        {
            if (column.Type is TextDataViewType)
            {
                ReadOnlyMemory<char> text = default;
                row.GetGetter<ReadOnlyMemory<char>>(column)(ref text);
                return text.ToString();
            }
            VBuffer<int> tokens = default;
            row.GetGetter<VBuffer<int>>(column)(ref tokens);
            return string.Join(' ', tokens.DenseValues());
        }
    }

    private static float[] Train(OptimizerSettings options, float[] start, float[][] gradients)
    {
        using var scope = NewDisposeScope();
        var parameter = new TorchSharp.Modules.Parameter(tensor(start));
        using var optimizer = options.CreateOptimizer([parameter]);
        foreach (var gradient in gradients)
        {
            parameter.grad = tensor(gradient);
            optimizer.step();
        }
        return parameter.data<float>().ToArray();
    }

    private static float[][] Map(float[][] values, Func<float, float> map) => [.. values.Select(row => row.Select(map).ToArray())];
}
