using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>The library's optimizers on landscapes: the same numbers as with tensors.</summary>
[TestClass]
public unsafe class RuleOptimizerTests
{
    private const int Steps = 40;
    private static readonly LandscapeCell Cell = new(Sharpness: 4, Noise: 0, WeightDecay: 0.2, Slope: 0.3);

    private static readonly string[] NotElementwise =
        ["Adam8bit", "Adafactor", "Muon", "NorMuon", "ROOT", "AuON", "SOAP", "COSMOS", "Conda", "APOLLO"];

    /// <summary>All optimizers that are element-wise with their defaults, and those of their forms that take other ways.</summary>
    public static IEnumerable<object[]> Settings =>
        from settings in global::Focus.Optimizers.All.Where(settings => !NotElementwise.Contains(settings.Name)).Concat(
        [
            new SgdOptions { Nesterov = false, Dampening = 0.3 }, new AdamWOptions { Amsgrad = true }, new AdaBeliefOptions { Amsgrad = true },
            new AdEMAMixOptions { AlphaWarmup = 30, Beta3Warmup = 20 }, new CautiousLionOptions { OpposedWeight = 0.25 },
            new FocusOptions { DecayOrder = FocusDecayOrder.BeforeSign, Gamma = 0.4, Beta2 = 0.8 }, new MarsOptions { Form = MarsForm.Lion },
            new SophiaGOptions { CurvatureInterval = 3, Beta2 = 0.5, BatchTokens = 7 }, new AdaHessianOptions { HessianPower = 0.5 },
            new ScheduleFreeAdamWOptions { WarmupSteps = 10, StepPower = 0.5 }, new RAdamOptions { Beta2 = 0.9 },
        ])
        select new object[] { settings };

    [TestMethod]
    [DynamicData(nameof(Settings))]
    public void ThePathIsThatOfTheOptimizerOnATensor(OptimizerSettings settings)
    {
        foreach (var landscape in new[] { Landscape.NarrowingValley, Landscape.QuadraticValley })
            foreach (var dimensions in new[] { 2, 5 })
                ComparePaths(landscape, dimensions, settings);
    }

    [TestMethod]
    public void NoiseIsThatOfTheCompiledOptimizers()
    {
        var options = new LandscapeSimulator.Options { NoiseMode = NoiseMode.Common, LearningRates = [0.01, 0.03], Replicates = 70, Steps = Steps };
        LandscapeOptimizer[] compiled = [LandscapeOptimizer.Adam(0.8, 0.99), LandscapeOptimizer.Signum(), LandscapeOptimizer.Lion()];
        LandscapeOptimizer[] ruled =
        [
            LandscapeOptimizer.From(new AdamWOptions { Beta1 = 0.8, Beta2 = 0.99 }), LandscapeOptimizer.From(new SignumOptions()),
            LandscapeOptimizer.From(new LionOptions { Beta1 = 0.9, Beta2 = 0.99 }),
        ];
        foreach (var dimensions in new[] { 2, 3 })
        {
            double[] Outcomes(LandscapeOptimizer[] optimizers) =>
                new LandscapeSimulator(options with { Optimizers = optimizers, Dimensions = dimensions }).Simulate(new(10, Noise: 1.5)).Outcomes;
            foreach (var (expected, found) in Outcomes(compiled).Zip(Outcomes(ruled))) Assert.AreEqual(expected, found, 1e-9);
        }
    }

    [TestMethod]
    public void OtherOptimizersAreRefused()
    {
        OptimizerSettings[] refused = [.. NotElementwise.Select(global::Focus.Optimizers.Named), new MarsOptions { Form = MarsForm.Shampoo }];
        foreach (var settings in refused)
        {
            var fault = Assert.ThrowsExactly<ArgumentException>(() => LandscapeOptimizer.From(settings));
            Assert.AreEqual("settings", fault.ParamName);
            StringAssert.StartsWith(fault.Message, settings.Name);
            StringAssert.Contains(fault.Message, "CautiousAdamW");
        }
    }

    [TestMethod]
    public void ASecondGradientForEachStepIsNotToBeHad()
        => Assert.AreEqual("settings", Assert.ThrowsExactly<ArgumentException>(() => LandscapeOptimizer.From(new MarsOptions { Exact = true })).ParamName);

    [TestMethod]
    public void HyperparametersAndNamesAreChecked()
    {
        Assert.AreEqual("Momentum", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => LandscapeOptimizer.From(new SgdOptions { Momentum = 1.5 })).ParamName);
        foreach (var name in new[] { "", " ", "a,b", "a\"b", "{a}", "a\nb" })
            Assert.AreEqual("name", Assert.ThrowsExactly<ArgumentException>(() => LandscapeOptimizer.From(new SgdOptions(), name)).ParamName);
        Assert.AreEqual("SGD", LandscapeOptimizer.From(new SgdOptions()).Name);
        Assert.AreEqual("heavy ball", LandscapeOptimizer.From(new SgdOptions(), "heavy ball").Name);
    }

    private static void ComparePaths(Landscape landscape, int dimensions, OptimizerSettings settings)
    {
        const double rate = 0.02;
        var options = new LandscapeSimulator.Options
        {
            Landscape = landscape, Optimizers = [LandscapeOptimizer.From(settings)], Dimensions = dimensions, Steps = Steps, Angle = 0.4, StartSpread = 0.5,
        };
        var path = new LandscapeSimulator(options).Trace(Cell, 0, rate, replicate: 3);

        using var scope = NewDisposeScope();
        var (axis, start) = AxisAndStart(options, rate, 3);
        var point = new Parameter(tensor(start, ScalarType.Float64));
        using var optimizer = (settings with { LearningRate = rate, WeightDecay = Cell.WeightDecay })
            .CreateOptimizer([new ParameterGroup([point]) { Role = ParameterRole.HiddenMatrix }]);
        var direction = tensor(axis, ScalarType.Float64);
        for (var step = 0; step <= Steps; step++)
        {
            using var inner = NewDisposeScope();
            if (step == Steps) (optimizer as IAveragingOptimizer)?.ToAverage();
            var (u, q) = Position(point, direction);
            var where = $"{settings.Name}, {landscape.Name}, {dimensions} dimensions, step {step}";
            Assert.AreEqual(u.ToDouble(), path.U[step], 1e-12, where);
            Assert.AreEqual(Math.Sqrt(q.ToDouble()), Math.Abs(path.V[step]), 1e-12, where);
            if (step < Steps) Step(optimizer, point, () => Loss(landscape, point, direction));
        }
        Assert.IsGreaterThan(1e-3, Math.Abs(path.U[^1] - path.U[0]), "The point moves.");
    }

    /// <summary>The axis of a run and the point where it starts.</summary>
    private static (double[] Axis, double[] Start) AxisAndStart(LandscapeSimulator.Options options, double rate, int replicate)
    {
        using var workspace = new Workspace();
        var streams = new NoiseStreams(workspace, 16);
        streams.Start(0, new RunBatch(options, Cell, options.Optimizers[0]) { Outcomes = [] }.Key(rate, replicate));
        if (options.Dimensions == 2) return ([Math.Cos(options.Angle), Math.Sin(options.Angle)], Draw(options.StartSpread));
        var normal = Draw(1);
        var length = Math.Sqrt(normal.Sum(x => x * x));
        return ([.. normal.Select(x => x / length)], Draw(options.StartSpread));

        double[] Draw(double spread)
        {
            var pairs = (options.Dimensions + 1) / 2;
            var draws = new float[NoiseStreams.Draws(16, pairs)];
            fixed (float* destination = draws) streams.Fill<SingleLanesScalar>(destination, pairs, spread);
            return [.. draws.Where((_, i) => i % 16 == 0).Take(options.Dimensions).Select(z => (double)z)];
        }
    }

    private static (Tensor U, Tensor Q) Position(Tensor point, Tensor axis)
    {
        var u = point.dot(axis);
        return (u, point.sub(axis.mul(u)).square().sum());
    }

    private static Tensor Loss(Landscape landscape, Tensor point, Tensor axis)
    {
        var (u, q) = Position(point, axis);
        return (landscape == Landscape.NarrowingValley ? u.square().mul(q) : q).mul(0.5 * Cell.Sharpness).sub(u.mul(Cell.Slope));
    }

    /// <summary>A step as a training loop makes it, with the exact Hessian by automatic differentiation.</summary>
    private static void Step(OptimizerHelper optimizer, Parameter point, Func<Tensor> loss)
    {
        var (kind, isDue) = optimizer is ICurvatureOptimizer curvature ? (curvature.Kind, curvature.IsDue) : default;
        if (isDue && kind == CurvatureKind.HessianDiagonal) Take(hessian => hessian);
        optimizer.zero_grad();
        loss().backward();
        optimizer.step();
        // The mean gradient of B examples whose square, times B, is the Hessian.
        var tokens = ((SettingsGroup)optimizer.ParamGroups.First()).Options.Hyperparameters is SophiaGOptions sophia ? sophia.BatchTokens : 0;
        if (isDue && kind == CurvatureKind.SampledGradient) Take(hessian => hessian.clamp_min(0).div(tokens).sqrt());

        void Take(Func<Tensor, Tensor> estimate)
        {
            var gradient = autograd.grad([loss()], [point], create_graph: true, retain_graph: true)[0];
            var diagonal = Enumerable.Range(0, (int)point.numel())
                .Select(i => autograd.grad([gradient[i]], [point], retain_graph: true)[0][i]).ToArray();
            ((ICurvatureOptimizer)optimizer).Take(_ => estimate(stack(diagonal)).detach());
        }
    }
}
