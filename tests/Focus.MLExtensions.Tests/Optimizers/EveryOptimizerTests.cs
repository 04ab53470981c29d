using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>What holds for every optimizer: it learns, its state is as large as documented, and odd gradients have a defined effect.</summary>
[TestClass]
public sealed class EveryOptimizerTests
{
    public static IEnumerable<object[]> All => FusedStepTests.AllOptimizers;

    /// <summary>The optimizers of matrices.</summary>
    public static IEnumerable<object[]> OfMatrices =>
    [
        [new MuonOptions { LearningRate = 0.02 }], [new NorMuonOptions { LearningRate = 0.02 }], [new RootOptions { LearningRate = 0.02 }],
        [new AuOnOptions { LearningRate = 0.05 }], [new SoapOptions { LearningRate = 0.02 }], [new CosmosOptions { LearningRate = 0.02, Rank = 2 }],
        [new CondaOptions { LearningRate = 0.02 }], [new ApolloOptions { LearningRate = 0.02, Rank = 2 }],
    ];

    public static IEnumerable<object[]> AllKinds => All.Concat(OfMatrices);

    [TestMethod]
    [DynamicData(nameof(AllKinds))]
    public void ALeastSquaresProblemIsLearned(OptimizerSettings settings)
    {
        using var generator = new Generator(5);
        using var input = randn([64, 8], generator: generator);
        using var target = input.matmul(randn([8, 4], generator: generator));
        var weight = new Parameter(randn([4, 8], generator: generator)); // Some steps are in proportion to the weights.
        using var optimizer = (settings with { WeightDecay = 0 }).CreateOptimizer([new ParameterGroup([weight]) { Role = ParameterRole.HiddenMatrix }]);
        double Loss()
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var loss = nn.functional.linear(input, weight).sub(target).square().mean();
            loss.backward();
            return loss.ToDouble();
        }

        var first = Loss();
        for (var step = 0; step < 200; step++)
        {
            GiveCurvature(optimizer);
            optimizer.step();
            Loss();
        }
        (optimizer as IAveragingOptimizer)?.ToAverage();
        Assert.IsLessThan(0.9 * first, Loss());
    }

    [TestMethod]
    [DynamicData(nameof(AllKinds))]
    public void ZerosAndSingleElementsAreDefined(OptimizerSettings settings)
    {
        Parameter zero = new(zeros(5, 3)), single = new(ones(1)), still = new(ones(4, 2)), absent = new(ones(3)), scalar = new(tensor(1f));
        Parameter[] all = [zero, single, still, absent, scalar];
        using var optimizer = settings.CreateOptimizer(all);
        for (var step = 0; step < 4; step++)
        {
            zero.grad = ones(5, 3);
            single.grad = step == 2 ? zeros(1) : ones(1);
            still.grad = zeros(4, 2);
            scalar.grad = tensor(0.5f);
            GiveCurvature(optimizer);
            optimizer.step();
        }
        foreach (var parameter in all) Assert.IsTrue(parameter.isfinite().all().ToBoolean(), $"shape [{string.Join(", ", parameter.shape)}]");
        Assert.IsTrue(absent.allclose(ones(3), rtol: 0, atol: 0));
        Assert.IsLessThan(2, single.abs().ToDouble());
    }

    public static IEnumerable<object[]> Decompositions => OfMatrices.Where(row => row[0] is SoapOptions or CosmosOptions or CondaOptions);

    public static IEnumerable<object[]> WithoutDecompositions => AllKinds.Where(row => row[0] is not (SoapOptions or CosmosOptions or CondaOptions));

    [TestMethod]
    [DynamicData(nameof(Decompositions))]
    public void AGradientThatIsNoNumberHasNoDecomposition(OptimizerSettings settings)
    {
        var weight = new Parameter(ones(6, 4));
        using var optimizer = settings.CreateOptimizer([weight]);
        weight.grad = full([6, 4], float.NaN);
        Assert.ThrowsExactly<ArithmeticException>(() => optimizer.step());
        Assert.AreEqual(24, weight.sum().ToDouble());
    }

    [TestMethod]
    [DynamicData(nameof(WithoutDecompositions))]
    public void AGradientThatIsNoNumberStaysWithItsTensor(OptimizerSettings settings)
    {
        Parameter broken = new(ones(40, 3)), sound = new(ones(40, 3)), alone = new(ones(40, 3));
        using var optimizer = settings.CreateOptimizer([broken, sound]);
        using var other = settings.CreateOptimizer([new Parameter(ones(40, 3)), alone]); // A parameter's place may matter.
        for (var step = 0; step < 3; step++)
        {
            broken.grad = full([40, 3], float.NaN);
            sound.grad = full([40, 3], 0.5f);
            alone.grad = full([40, 3], 0.5f);
            foreach (var running in new[] { optimizer, other })
            {
                GiveCurvature(running);
                running.step();
            }
        }
        Assert.IsTrue(sound.allclose(alone, rtol: 0, atol: 0));
    }

    [TestMethod]
    [DynamicData(nameof(AllKinds))]
    public void ShortTypesAreUpdatedInFloat32(OptimizerSettings settings)
    {
        var half = new Parameter(full([16, 8], 0.5f).to(ScalarType.Float16));
        var single = new Parameter(full([16, 8], 0.5f));
        using var one = settings.CreateOptimizer([half]);
        using var other = settings.CreateOptimizer([single]);
        using var generator = new Generator(9);
        for (var step = 0; step < 5; step++)
        {
            // Their squares would vanish in float16.
            single.grad = randn([16, 8], generator: generator).mul_(1e-4).to(ScalarType.Float16).to(ScalarType.Float32);
            half.grad = single.grad.to(ScalarType.Float16);
            foreach (var running in new[] { one, other })
            {
                GiveCurvature(running);
                running.step();
            }
        }
        Assert.IsTrue(half.to(ScalarType.Float32).allclose(single, rtol: 1e-2, atol: 4e-3), $"{half.to(ScalarType.Float32).sub(single).abs().max().ToDouble()}");
    }

    /// <summary>The bytes of state for each element of a matrix, as documented; what is kept for rows, blocks or tensors comes on top.</summary>
    public static IEnumerable<object[]> StateSizes =>
    [
        [new SignumOptions(), 4], [new LionOptions(), 4], [new SgdOptions(), 4], [new SgdSaiOptions(), 4], [new SgdpOptions(), 4],
        [new CautiousLionOptions(), 4], [new AdamMiniOptions(), 4], [new FocusOptions(), 8], [new AdamWOptions(), 8], [new NAdamOptions(), 8],
        [new RAdamOptions(), 8], [new AdaBeliefOptions(), 8], [new EXAdamOptions(), 8], [new SophiaGOptions(), 8], [new ScheduleFreeAdamWOptions(), 8],
        [new LambOptions(), 8], [new AdamPOptions(), 8], [new CautiousAdamWOptions(), 8], [new AdaHessianOptions(), 12], [new AdEMAMixOptions(), 12],
        [new MarsOptions(), 12], [new MarsOptions { Exact = true }, 16], [new AdafactorOptions(), 0], [new Adam8BitOptions(), 2.03],
    ];

    [TestMethod]
    [DynamicData(nameof(StateSizes))]
    public void TheStateIsAsLargeAsDocumented(OptimizerSettings settings, double bytes)
    {
        const long rows = 500, columns = 1000;
        using var parameter = new Parameter(zeros(rows, columns));
        using var optimizer = settings.CreateOptimizer([new ParameterGroup([parameter]) { Role = ParameterRole.HiddenMatrix }]);
        var state = (ParameterState)optimizer.state_dict().State.Single();
        var all = state.Numbers is { } numbers ? state.Tensors.Append(numbers) : state.Tensors;
        Assert.AreEqual(bytes, all.Sum(tensor => tensor.numel() * tensor.element_size()) / (double)(rows * columns), 0.02 * Math.Max(bytes, 1));
    }

    public static IEnumerable<object[]> Unsuitable =>
    [
        [new AdaHessianOptions { MatrixBlock = 4 }, "MatrixBlock"], [new AdamMiniOptions(), "Heads 5"], [new MuonOptions(), "StackedMatrices"],
        [new SgdOptions { Dampening = 0.1 }, "0 with Nesterov"], [new CosmosOptions { Rank = 7 }, "Rank"], [new ApolloOptions { Rank = 7 }, "Rank"],
    ];

    /// <summary>A 6×6 matrix of which the group says that it is five matrices, one below the other, or has five heads.</summary>
    [TestMethod]
    [DynamicData(nameof(Unsuitable))]
    public void WhatDoesNotSuitAParameterIsNamedAtOnce(OptimizerSettings settings, string hint)
    {
        var whole = settings is MuonOptions or AdamMiniOptions ? 5 : 1;
        var group = new ParameterGroup([new Parameter(ones(6, 6))]) { Role = ParameterRole.HiddenMatrix, StackedMatrices = whole, Heads = whole };
        var error = Assert.Throws<ArgumentException>(() => settings.CreateOptimizer([group]));
        StringAssert.Contains(error.Message, hint);
    }

    [TestMethod]
    public void AVectorIsNoMatrix()
    {
        var group = new ParameterGroup([new Parameter(ones(6))]) { Role = ParameterRole.HiddenMatrix };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new MuonOptions().CreateOptimizer([group])).Message, "GainOrBias");
    }

    [TestMethod]
    public void ASuppliedEstimateMustFitItsParameter()
    {
        using var optimizer = new SophiaGOptions().CreateOptimizer([new Parameter(ones(6))]);
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => ((ICurvatureOptimizer)optimizer).Take(_ => ones(5))).Message, "[5]; expected the parameter's, [6]");
    }

    /// <summary>Of the loss ½·Σc·w² the curvature is c, whatever the signs are drawn.</summary>
    [TestMethod]
    public void TheCurvatureOfASquareIsEstimatedAndTheStepStaysAsItWas()
    {
        Parameter weight = new(tensor(new[] { 1f, -2, 3 })), unused = new(ones(2));
        using var curvatures = tensor(new[] { 0.5f, 1, 4 });
        using var optimizer = new AdaHessianOptions().CreateOptimizer([weight, unused]);
        void AddGradients() => weight.square().mul(curvatures).sum().mul(0.5f).backward();
        AddGradients();
        var gradient = weight.grad!.clone();

        new CurvatureEstimation(optimizer, [weight, unused], [], seed: 1).BeforeStep(step: 1, AddGradients);

        var state = (ParameterState)optimizer.state_dict().State[0];
        Assert.IsTrue(state.Tensors[2].allclose(curvatures, rtol: 1e-2, atol: 1e-2), string.Join(' ', state.Tensors[2].data<float>().ToArray()));
        Assert.IsTrue(weight.allclose(tensor(new[] { 1f, -2, 3 }), rtol: 0, atol: 0));
        Assert.IsTrue(weight.grad!.allclose(gradient, rtol: 0, atol: 0));
    }

    /// <summary>The step's loss is ½·a·w² with another a in each step; the formula is written out here for two numbers, which are the
    /// tensor.</summary>
    [TestMethod]
    public void TheExactFormOfMarsCorrectsByTheGradientAtTheWeightsBefore()
    {
        const double rate = 0.1, beta1 = 0.95, beta2 = 0.99, gamma = 0.5;
        var weight = new Parameter(tensor(new[,] { { 0.3, -0.2 } }));
        using var optimizer = new MarsOptions { LearningRate = rate, Gamma = gamma, Exact = true }.CreateOptimizer([weight]);
        double[] w = [0.3, -0.2], before = [0, 0], m = [0, 0], v = [0, 0];
        for (var step = 1; step <= 4; step++)
        {
            double[] a = [step, 1.0 / step];
            void AddGradients() => weight.square().mul(tensor(a)).sum().mul(0.5).backward();
            optimizer.zero_grad();
            AddGradients();
            new CurvatureEstimation(optimizer, [weight], [], seed: 1).BeforeStep(step, AddGradients);
            optimizer.step();

            var c = w.Select((_, i) => a[i] * w[i] + gamma * beta1 / (1 - beta1) * (a[i] * w[i] - (step == 1 ? 0 : a[i] * before[i]))).ToArray();
            var length = Math.Max(1, Math.Sqrt(c.Sum(x => x * x)));
            before = [.. w];
            for (var i = 0; i < w.Length; i++)
            {
                m[i] = beta1 * m[i] + (1 - beta1) * c[i] / length;
                v[i] = beta2 * v[i] + (1 - beta2) * Math.Pow(c[i] / length, 2);
                w[i] -= rate * m[i] / (1 - Math.Pow(beta1, step)) / (Math.Sqrt(v[i] / (1 - Math.Pow(beta2, step))) + 1e-8);
            }
            CollectionAssert.AreEqual(w, weight.data<double>().ToArray(), Comparer<double>.Create((x, y) => Math.Abs(x - y) < 1e-12 ? 0 : 1), $"step {step}");
        }
    }

    [TestMethod]
    public void PreviousWeightsAreThereForAWhileAndTheStepStaysAsItWas()
    {
        var weight = new Parameter(ones(2, 2));
        using var optimizer = new MarsOptions { Exact = true }.CreateOptimizer([weight]);
        weight.grad = ones(2, 2);
        optimizer.step();
        using var present = weight.detach().clone();
        var curvature = (ICurvatureOptimizer)optimizer;
        Assert.ThrowsExactly<TimeoutException>(() => curvature.AtPreviousWeights(() =>
        {
            Assert.IsTrue(weight.allclose(ones(2, 2), rtol: 0, atol: 0));
            throw new TimeoutException();
        }));
        Assert.IsTrue(weight.allclose(present, rtol: 0, atol: 0));
        using var other = new MarsOptions().CreateOptimizer([new Parameter(ones(2, 2))]);
        Assert.ThrowsExactly<InvalidOperationException>(() => ((ICurvatureOptimizer)other).AtPreviousWeights(() => { }));
    }

    [TestMethod]
    public void ASchedulerThatCyclesMomentaLeavesAnOptimizerWithoutOneAsItIs()
    {
        var weight = new Parameter(ones(6, 40));
        using var optimizer = new AdafactorOptions().CreateOptimizer([weight]);
        var scheduler = optim.lr_scheduler.OneCycleLR(optimizer, max_lr: 0.1, total_steps: 20);
        for (var step = 0; step < 19; step++)
        {
            weight.grad = ones(6, 40);
            optimizer.step();
            scheduler.step();
        }
        var state = (ParameterState)optimizer.state_dict().State.Single();
        Assert.IsTrue(state.Tensors[0].allclose(ones(6, 1))); // The means of squares that are 1.
        Assert.IsTrue(state.Tensors[1].allclose(ones(1, 40)));
    }

    public static IEnumerable<object[]> OtherStructures =>
    [
        [new AdamWOptions { Amsgrad = true }, new AdamWOptions(), "Amsgrad"], [new AdafactorOptions(), new AdafactorOptions { Beta1 = 0.9 }, "Beta1"],
        [new MarsOptions { Exact = true }, new MarsOptions(), "Exact"], [new AdaHessianOptions { MatrixBlock = 2 }, new AdaHessianOptions(), "MatrixBlock"],
        [new MuonOptions { Auxiliary = new() { Amsgrad = true } }, new MuonOptions(), "Auxiliary.Amsgrad"],
    ];

    [TestMethod]
    [DynamicData(nameof(OtherStructures))]
    public void StateOfOtherChoicesIsRefusedByName(OptimizerSettings saved, OptimizerSettings other, string name)
    {
        Parameter[] weights = [new(ones(4, 4))];
        using OptimizerHelper one = saved.CreateOptimizer(weights), two = other.CreateOptimizer(weights);
        var stream = new MemoryStream();
        one.save_state_dict(new BinaryWriter(stream));
        stream.Position = 0;
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => two.load_state_dict(new BinaryReader(stream))).Message, name);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => two.load_state_dict(one.state_dict())).Message, name);
    }

    [TestMethod]
    public void StateOfATransposedParameterIsSavedAndRestored()
    {
        var weight = new Parameter(rand(3, 4).t());
        using var optimizer = new AdamWOptions().CreateOptimizer([weight]);
        weight.grad = rand(4, 3);
        optimizer.step();
        var stream = new MemoryStream();
        optimizer.save_state_dict(new BinaryWriter(stream));
        stream.Position = 0;
        using var other = new AdamWOptions().CreateOptimizer([weight]);
        other.load_state_dict(new BinaryReader(stream));
        Assert.IsTrue(((ParameterState)other.state_dict().State[0]).ApproximatelyEquals((ParameterState)optimizer.state_dict().State[0]));
    }

    [TestMethod]
    public void AnOptimizerOfMatricesNeedsOne()
    {
        foreach (OptimizerSettings settings in new OptimizerSettings[] { new MuonOptions(), new NorMuonOptions(), new CondaOptions(), new ApolloOptions() })
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => settings.CreateOptimizer([new Parameter(ones(4))])).Message, "matri");
    }

    [TestMethod]
    public void NoStepIsTakenFromTheAverage()
    {
        var weight = new Parameter(ones(2));
        using var optimizer = new ScheduleFreeAdamWOptions().CreateOptimizer([weight]);
        weight.grad = ones(2);
        optimizer.step();
        ((IAveragingOptimizer)optimizer).ToAverage();
        Assert.ThrowsExactly<InvalidOperationException>(() => optimizer.step());
        ((IAveragingOptimizer)optimizer).ToTraining();
        optimizer.step();
    }

    [TestMethod]
    [DataRow(10, ScalarType.Float32)]
    [DataRow(65536, ScalarType.Float32)]
    [DataRow(1000, ScalarType.Float64)]
    public void AConstantFirstGradientIsNotScaledBySgdSai(int count, ScalarType type)
    {
        var weight = new Parameter(zeros(count, type));
        using var optimizer = new SgdSaiOptions { LearningRate = 1, WeightDecay = 0 }.CreateOptimizer([weight]);
        weight.grad = full([count], 0.1, type);
        optimizer.step();
        Assert.AreEqual(-0.1, weight.mean().ToDouble(), 1e-6);
    }

    [TestMethod]
    public void EightBitMomentsLeaveFloat64Weights()
    {
        var weight = new Parameter(full([5000], 1 + 1e-12, ScalarType.Float64));
        using var optimizer = new Adam8BitOptions().CreateOptimizer([weight]);
        weight.grad = zeros(5000, ScalarType.Float64);
        optimizer.step();
        Assert.AreEqual(1 + 1e-12, weight.max().ToDouble());
    }

    /// <summary>A loss that is linear in the weights has no curvature, if what is dropped out of it stays the same.</summary>
    [TestMethod]
    public void WhatIsDroppedOutIsTheSameInGradientsThatAreCompared()
    {
        var weight = new Parameter(ones(200));
        using var optimizer = new AdaHessianOptions().CreateOptimizer([weight]);
        void AddGradients() => nn.functional.dropout(weight, 0.5, training: true).sum().backward();
        AddGradients();
        new CurvatureEstimation(optimizer, [weight], [], seed: 1).BeforeStep(step: 1, AddGradients);
        Assert.AreEqual(0, ((ParameterState)optimizer.state_dict().State[0]).Tensors[2].abs().max().ToDouble());
    }

    [TestMethod]
    public void AdaHessianTakesNoStepWithoutAnEstimate()
    {
        var weight = new Parameter(ones(3));
        using var optimizer = new AdaHessianOptions().CreateOptimizer([weight]);
        weight.grad = ones(3);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => optimizer.step()).Message, "Take");
        Assert.AreEqual(3, weight.sum().ToDouble());
        GiveCurvature(optimizer);
        optimizer.step();
        Assert.ThrowsExactly<InvalidOperationException>(() => optimizer.step());
    }

    [TestMethod]
    public void EveryOptimizerHasANameAndIsTested()
    {
        var known = typeof(OptimizerSettings).Assembly.GetExportedTypes().Where(type => type.IsSubclassOf(typeof(OptimizerSettings)) && !type.IsAbstract)
            .ToArray();
        CollectionAssert.AreEquivalent(known, Focus.Optimizers.All.Select(settings => settings.GetType()).ToArray());
        var tested = AllKinds.Select(row => row[0].GetType()).ToHashSet();
        Assert.AreEqual("", string.Join(", ", known.Where(type => !tested.Contains(type)).Select(type => type.Name)));
        foreach (var settings in Focus.Optimizers.All) Assert.AreSame(settings, Focus.Optimizers.Named(settings.Name.ToUpperInvariant().Replace("-", "_")));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Focus.Optimizers.Named("adamx")).Message, "there are focus");
    }

    /// <summary>Estimates of the curvature, for the optimizers that need some: the gradients themselves.</summary>
    /// <summary>Gives an optimizer that needs one the gradients as an estimate of the curvature.</summary>
    internal static void GiveCurvature(OptimizerHelper optimizer)
    {
        if (optimizer is ICurvatureOptimizer { IsDue: true } curvature) curvature.Take(parameter => parameter.grad);
    }
}
