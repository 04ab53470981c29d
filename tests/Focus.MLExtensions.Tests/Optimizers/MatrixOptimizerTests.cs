using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>What optimizers of matrices share: batches, stacked matrices, kernels, state, shapes and errors.</summary>
[TestClass]
public sealed class MatrixOptimizerTests
{
    public static IEnumerable<object[]> All =>
    [
        [new MuonOptions { WeightDecay = 0.1 }],
        [new MuonOptions { Scale = MatrixScale.RootMeanSquare, BFloat16 = true, Nesterov = false }],
        [new NorMuonOptions()],
        [new SoapOptions { RefreshInterval = 2 }],
        [new SoapOptions { RefreshInterval = 3, PreconditionsVectors = true, NormalizesSteps = true, LargestSide = 5 }],
        [new ApolloOptions { Rank = 1, RefreshInterval = 3, LearningRate = 0.01 }],
        [ApolloOptions.Mini with { RefreshInterval = 3 }],
        [new CondaOptions { RefreshInterval = 3, LearningRate = 0.01 }],
        [new RootOptions()],
        [new AuOnOptions()],
        [new AuOnOptions { Orthogonalizes = true }],
        [new CosmosOptions { Rank = 1, LearningRate = 0.01 }],
        [new MarsOptions { Form = MarsForm.Shampoo }],
    ];

    /// <summary>All but APOLLO, where a parameter's place decides its projection.</summary>
    public static IEnumerable<object[]> WhereverTheyStand => All.Where(row => row[0] is not ApolloOptions);

    [TestMethod]
    [DynamicData(nameof(All))]
    public void SavedStateContinuesBitForBit(OptimizerSettings options)
    {
        // 6×9 matrices that stand twice, and one whose gradients have less than full rank; the state is saved between two refreshes.
        var first = Model();
        using var original = options.CreateOptimizer(first);
        for (var step = 0; step < 5; step++) Step(original, first, step);
        var stream = new MemoryStream();
        original.save_state_dict(new BinaryWriter(stream));
        stream.Position = 0;

        var second = first.Select(parameter => new Parameter(parameter.detach().clone())).ToList();
        using var resumed = options.CreateOptimizer(second);
        resumed.load_state_dict(new BinaryReader(stream));
        for (var step = 5; step < 12; step++)
        {
            Step(original, first, step);
            Step(resumed, second, step);
        }
        foreach (var (one, other) in first.Zip(second)) AssertSame(one, other, 0);
    }

    /// <summary>Those whose result LAPACK's choice of a basis does not touch: SOAP's long side has one that the gradients do not fix.</summary>
    public static IEnumerable<object[]> WithoutAChoice => WhereverTheyStand.Where(row => row[0] is not SoapOptions { LargestSide: > 6 });

    [TestMethod]
    [DynamicData(nameof(WithoutAChoice))]
    public void ABatchIsAsEachMatrixAlone(OptimizerSettings options)
    {
        var together = Model();
        var alone = together.Select(parameter => new Parameter(parameter.detach().clone())).ToList();
        using var batched = options.CreateOptimizer(together);
        var single = alone.Select(parameter => options.CreateOptimizer([parameter, new Parameter(ones(2, 2))])).ToList(); // There must be a matrix.
        for (var step = 0; step < 3; step++)
        {
            Step(batched, together, step);
            foreach (var (parameter, other) in alone.Zip(together)) parameter.grad = other.grad!.clone();
            single.ForEach(optimizer => optimizer.step());
        }
        single.ForEach(optimizer => optimizer.Dispose());
        // What LAPACK chooses where the rank is low may depend on the batch, and bfloat16 rounds coarsely.
        foreach (var (one, other) in together.Zip(alone).SkipLast(1)) AssertSame(one, other, options is MuonOptions { BFloat16: true } ? 2e-3 : 1e-4);
    }

    [TestMethod]
    [DynamicData(nameof(WhereverTheyStand))]
    public void StackedMatricesAreMatricesOfTheirOwn(OptimizerSettings options)
    {
        using var generator = new Generator(4);
        var start = randn([12, 5], ScalarType.Float64, generator: generator);
        var stacked = new Parameter(start.clone());
        var parts = start.chunk(3).Select(part => new Parameter(part.clone())).ToList();
        using var one = options.CreateOptimizer([new ParameterGroup([stacked]) { Role = ParameterRole.HiddenMatrix, StackedMatrices = 3 }]);
        using var other = options.CreateOptimizer([new ParameterGroup(parts) { Role = ParameterRole.HiddenMatrix }]);
        for (var step = 0; step < 4; step++)
        {
            stacked.grad = randn([12, 5], ScalarType.Float64, generator: generator);
            foreach (var (part, gradient) in parts.Zip(stacked.grad.chunk(3))) part.grad = gradient.clone();
            one.step();
            other.step();
        }
        AssertSame(stacked, cat(parts.Select(part => part.detach()).ToArray(), 0), 1e-9);
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void StridedAndShorterTypesAreUpdated(OptimizerSettings options)
    {
        using var generator = new Generator(4);
        var start = randn([6, 8], generator: generator);
        var (plain, strided, shorter) = (new Parameter(start.clone()), new Parameter(start.t().contiguous().t()), new Parameter(start.to(ScalarType.BFloat16)));
        Assert.IsFalse(strided.is_contiguous());
        var all = new[] { plain, strided, shorter };
        var optimizers = all.Select(parameter => options.CreateOptimizer([parameter])).ToList();
        for (var step = 0; step < 3; step++)
        {
            var gradient = randn([6, 8], generator: generator).to(ScalarType.BFloat16);
            foreach (var parameter in all) parameter.grad = gradient.to(parameter.dtype);
            optimizers.ForEach(optimizer => optimizer.step());
        }
        optimizers.ForEach(optimizer => optimizer.Dispose());
        AssertSame(plain, strided, options is MuonOptions { BFloat16: true } ? 2e-3 : 1e-4);
        AssertSame(plain, shorter, 0.05);
        Assert.IsFalse(plain.allclose(start));
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void ZerosAndSingleElementsStayFinite(OptimizerSettings options)
    {
        long[][] shapes = [[1, 1], [1, 5], [5, 1], [4, 4], [2, 1, 3, 3], [1], []];
        foreach (var start in new[] { 0.0, 1.0 })
        {
            var parameters = shapes.Select(shape => new Parameter(full(shape, start))).ToList();
            using var optimizer = options.CreateOptimizer(parameters);
            foreach (var gradient in new[] { 0, 0, 1, -2, 0, 1e-30, 1e15, 0 })
            {
                foreach (var parameter in parameters) parameter.grad = full(parameter.shape, gradient);
                optimizer.step();
                foreach (var parameter in parameters)
                {
                    Assert.IsTrue(parameter.isfinite().all().ToBoolean(), $"[{string.Join(", ", parameter.shape)}] after {gradient}");
                    Assert.IsTrue(parameter.grad!.eq(full(parameter.shape, gradient)).all().ToBoolean());
                }
            }
        }
    }

    [TestMethod]
    public void ZeroGradientsFromTheStartChangeNothingWithoutDecay()
    {
        foreach (var options in All.Select(item => (OptimizerSettings)item[0]))
        {
            var parameter = new Parameter(ones(4, 6));
            using var optimizer = (options with { WeightDecay = 0 }).CreateOptimizer([parameter]);
            for (var step = 0; step < 3; step++)
            {
                parameter.grad = zeros(4, 6);
                optimizer.step();
            }
            AssertSame(parameter, ones(4, 6), 0);
        }
    }

    [TestMethod]
    public void AKernelIsAMatrixOfOutputs()
    {
        using var generator = new Generator(1);
        var start = randn([4, 3, 2, 2], generator: generator);
        Parameter kernel = new(start.clone()), flat = new(start.reshape(4, 12));
        using var one = new MuonOptions().CreateOptimizer([new ParameterGroup([kernel]) { Role = ParameterRole.ConvolutionKernel }]);
        using var other = new MuonOptions().CreateOptimizer([flat]);
        kernel.grad = randn(kernel.shape, generator: generator);
        flat.grad = kernel.grad.reshape(4, 12);
        one.step();
        other.step();
        AssertSame(kernel.reshape(4, 12), flat, 0);
    }

    [TestMethod]
    public void MuonsStepIsNearlyOrthogonal()
    {
        using var generator = new Generator(1);
        var parameter = new Parameter(zeros(20, 50));
        using var optimizer = new MuonOptions { LearningRate = 1 }.CreateOptimizer([parameter]);
        parameter.grad = randn([20, 50], generator: generator);
        optimizer.step();
        var values = linalg.svdvals(parameter.detach());
        Assert.IsTrue(values.min().ToSingle() > 0.6 && values.max().ToSingle() < 1.2, $"{values.min().ToSingle()} to {values.max().ToSingle()}");
    }

    [TestMethod]
    public void ParametersWithoutARoleAreDividedByShape()
    {
        Parameter matrix = new(ones(2, 2)), bias = new(ones(2)), embedding = new(ones(2, 2));
        var options = new MuonOptions { LearningRate = 0.5, Auxiliary = new() { LearningRate = 0.125, WeightDecay = 0 } };
        using var optimizer = options.CreateOptimizer([new ParameterGroup([matrix, bias]), new ParameterGroup([embedding]) { Role = ParameterRole.Embedding }]);
        foreach (var parameter in new[] { matrix, bias, embedding }) parameter.grad = ones(parameter.shape);
        optimizer.step();
        Assert.AreEqual(1 - 0.125, bias[0].ToDouble(), 1e-6);
        Assert.AreEqual(1 - 0.125, embedding[0, 0].ToDouble(), 1e-6);
        Assert.AreNotEqual(1 - 0.125, matrix[0, 0].ToDouble(), 1e-3);
    }

    [TestMethod]
    public void ProjectionsDependOnTheSeedOnly()
    {
        double Run(int seed)
        {
            var parameter = new Parameter(ones(8, 8));
            using var optimizer = new ApolloOptions { Seed = seed, LearningRate = 0.1 }.CreateOptimizer([parameter]);
            for (var step = 0; step < 3; step++)
            {
                using var generator = new Generator((ulong)step);
                parameter.grad = randn([8, 8], generator: generator);
                optimizer.step();
            }
            return parameter.sum().ToDouble();
        }

        Assert.AreEqual(Run(1), Run(1));
        Assert.AreNotEqual(Run(1), Run(2));
    }

    public static IEnumerable<object[]> Invalid =>
    [
        [new MuonOptions { Momentum = 1 }, "Momentum"],
        [new MuonOptions { Iterations = 0 }, "Iterations"],
        [new MuonOptions { Scale = (MatrixScale)7 }, "Scale"],
        [new MuonOptions { Auxiliary = new() { Beta1 = 1 } }, "Beta1"],
        [new NorMuonOptions { Beta2 = 1 }, "Beta2"],
        [new NorMuonOptions { Epsilon = 0 }, "Epsilon"],
        [new SoapOptions { PreconditionerDecay = 1 }, "PreconditionerDecay"],
        [new SoapOptions { RefreshInterval = 0 }, "RefreshInterval"],
        [new SoapOptions { LargestSide = 0 }, "LargestSide"],
        [new ApolloOptions { Rank = 0 }, "Rank"],
        [new ApolloOptions { Rank = 5 }, "Rank"],
        [new ApolloOptions { Scale = 0 }, "Scale"],
        [new ApolloOptions { RefreshInterval = 0 }, "RefreshInterval"],
        [new CondaOptions { RefreshInterval = 0 }, "RefreshInterval"],
        [new CondaOptions { Scale = double.NaN }, "Scale"],
        [new RootOptions { Quantile = 1.5 }, "Quantile"],
        [new AuOnOptions { Gamma = -1 }, "Gamma"],
        [new CosmosOptions { Rank = 0 }, "Rank"],
        [new CosmosOptions { Rank = 7 }, "Rank"],
        [new CosmosOptions { Gamma = -1 }, "Gamma"],
        [new CosmosOptions { MatrixRatio = -1 }, "MatrixRatio"],
        [new CosmosOptions { MostRows = 0 }, "MostRows"],
        [new MarsOptions { Form = (MarsForm)7 }, "Form"],
    ];

    [TestMethod]
    [DynamicData(nameof(Invalid))]
    public void AnOptionOutOfRangeIsNamed(OptimizerSettings options, string name)
        => Assert.AreEqual(name, Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => options.CreateOptimizer([new Parameter(ones(4, 6))])).ParamName);

    [TestMethod]
    public void WhatDoesNotSuitAMatrixIsNamed()
    {
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new CosmosOptions { Rank = 7 }.CreateOptimizer([new Parameter(ones(4, 6))])).Message, "[4, 6]");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(
                () => new MuonOptions().CreateOptimizer([new ParameterGroup([new Parameter(ones(7))]) { Role = ParameterRole.HiddenMatrix }])).Message, "[7]");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(
                () => new MuonOptions().CreateOptimizer([new ParameterGroup([new Parameter(ones(7, 2))]) { Role = ParameterRole.HiddenMatrix, StackedMatrices = 3 }]))
                .Message, "[7, 2]");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => new ApolloOptions { ProjectsLongSide = true }.CreateOptimizer([new Parameter(ones(4, 6))])).Message,
            "TensorWise");
    }

    private static List<Parameter> Model()
    {
        using var generator = new Generator(3);
        long[][] shapes = [[6, 9], [6, 9], [9, 4], [7], [6, 9]];
        return [.. shapes.Select(shape => new Parameter(randn(shape, generator: generator)))];
    }

    /// <summary>A step on gradients that the number decides; those of the last parameter have rank 1.</summary>
    private static void Step(OptimizerHelper optimizer, List<Parameter> parameters, int number)
    {
        using var generator = new Generator((ulong)number);
        foreach (var parameter in parameters) parameter.grad = randn(parameter.shape, generator: generator);
        parameters[^1].grad = randn([6, 1], generator: generator).matmul(randn([1, 9], generator: generator));
        optimizer.step();
    }

    private static void AssertSame(Tensor expected, Tensor actual, double tolerance)
    {
        var difference = expected.detach().to(ScalarType.Float64).sub(actual.detach().to(ScalarType.Float64)).abs().max().ToDouble();
        Assert.IsTrue(difference <= tolerance, $"[{string.Join(", ", expected.shape)}] differ by {difference}.");
    }
}
