using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>The fused float32 loop and the tensor operations are the same optimizer.</summary>
[TestClass]
public class FusedStepTests
{
    /// <summary>The optimizers that update each element by itself.</summary>
    public static IEnumerable<object[]> ElementwiseOptimizers =>
    [
        [new FocusOptions { LearningRate = 1e-2, Beta2 = 0.9, Gamma = 0.3, WeightDecay = 0.1 }],
        [new FocusOptions { LearningRate = 1e-2, Beta2 = 0.9, Gamma = 0.3, WeightDecay = 0.1, DecayOrder = FocusDecayOrder.BeforeSign }],
        [new SignumOptions { LearningRate = 1e-2, WeightDecay = 0.1 }],
        [new AdamWOptions { LearningRate = 1e-2, WeightDecay = 0.1 }],
        [new AdamWOptions { LearningRate = 1e-2, WeightDecay = 0.1, Amsgrad = true }],
        [new LionOptions { LearningRate = 1e-2, WeightDecay = 0.1 }],
        [new SgdOptions { LearningRate = 1e-2, WeightDecay = 0.1 }],
        [new NAdamOptions { LearningRate = 1e-2, WeightDecay = 0.01 }],
        [new RAdamOptions { LearningRate = 1e-2, Beta2 = 0.9, WeightDecay = 0.1 }],
        [new AdaBeliefOptions { LearningRate = 1e-2, Beta2 = 0.9, Epsilon = 1e-8, WeightDecay = 0.1 }],
        [new AdEMAMixOptions { LearningRate = 1e-2, WeightDecay = 0.1, AlphaWarmup = 5, Beta3Warmup = 5 }],
        [new EXAdamOptions { LearningRate = 1e-3, WeightDecay = 0.1 }],
        [new ScheduleFreeAdamWOptions { LearningRate = 1e-2, WeightDecay = 0.1, WarmupSteps = 3 }],
        [new SophiaGOptions { LearningRate = 1e-2, WeightDecay = 0.1 }],
    ];

    /// <summary>All optimizers whose step is the same on any kind of memory.</summary>
    public static IEnumerable<object[]> AllOptimizers =>
    [
        .. ElementwiseOptimizers,
        [new CautiousAdamWOptions { LearningRate = 1e-2, WeightDecay = 0.1 }],
        [new CautiousLionOptions { LearningRate = 1e-2, WeightDecay = 0.1 }],
        [new CautiousLionOptions { LearningRate = 1e-2, OpposedWeight = 0.1 }],
        [new SgdSaiOptions { LearningRate = 1e-2 }],
        [new LambOptions { LearningRate = 1e-2, WeightDecay = 0.1 }],
        [new AdamPOptions { LearningRate = 1e-2, WeightDecay = 0.1, Delta = 1 }],
        [new SgdpOptions { LearningRate = 1e-2, WeightDecay = 0.1, Delta = 1 }],
        [new MarsOptions { LearningRate = 1e-2, WeightDecay = 0.1 }],
        [new MarsOptions { LearningRate = 1e-2, WeightDecay = 0.1, Exact = true }],
        [new AdamMiniOptions { LearningRate = 1e-2, WeightDecay = 0.1 }],
        [new AdaHessianOptions { WeightDecay = 0.01 }],
        [new AdafactorOptions { LearningRate = 1e-2, RelativeStep = false, ScaleParameter = false, Beta1 = 0.9 }],
        [new Adam8BitOptions { LearningRate = 1e-2, WeightDecay = 0.1, LeastElements = 64 }],
    ];

    [TestMethod]
    [DynamicData(nameof(AllOptimizers))]
    public void ContiguousAndStridedTensorsGiveTheSame(OptimizerSettings options)
    {
        // 1 … 600 columns cover whole vectors, tails and several tensors; transposed tensors are not contiguous and take tensor operations.
        using var generator = new Generator(7);
        var starts = new[] { 1, 7, 8, 33, 600 }.Select(n => randn([3, n], generator: generator)).ToList();
        var fused = starts.Select(s => new Parameter(s.clone())).ToList();
        var strided = starts.Select(s => new Parameter(s.t().contiguous().t())).ToList();
        Assert.IsFalse(strided[1].is_contiguous());
        AssertEqualSteps(options, fused, strided, steps: 10, generator);
    }

    private static void AssertEqualSteps(OptimizerSettings options, List<Parameter> ones, List<Parameter> others, int steps, Generator generator)
    {
        using OptimizerHelper one = options.CreateOptimizer(ones), other = options.CreateOptimizer(others);
        for (var step = 0; step < steps; step++)
        {
            foreach (var (a, b) in ones.Zip(others))
            {
                a.grad = randn(a.shape, generator: generator);
                b.grad = a.grad.clone();
            }
            foreach (var optimizer in new[] { one, other })
            {
                EveryOptimizerTests.GiveCurvature(optimizer);
                optimizer.step();
            }
        }
        foreach (var (a, b) in ones.Zip(others)) Assert.IsTrue(a.allclose(b, rtol: 1e-5, atol: 1e-6), $"shape {string.Join("×", a.shape)}");
    }

    [TestMethod]
    public void FocusTakesThePublishedStepsBitForBit()
    {
        using var generator = new Generator(7);
        var options = new FocusOptions { LearningRate = 1e-3, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 1e-2 };
        var fused = new Parameter(randn([3, 33], generator: generator));
        Tensor parameter = fused.detach().clone(), momentum = zeros_like(parameter), average = zeros_like(parameter);
        using var optimizer = options.CreateOptimizer([fused]);
        for (var step = 1; step <= 100; step++)
        {
            // After the first ten steps nothing pulls but the attraction, and rounding decides its sign.
            var gradient = step <= 10 ? randn(parameter.shape, generator: generator) : zeros_like(parameter);
            fused.grad = gradient;
            optimizer.step();

            momentum.mul_(options.Beta1).add_(gradient, alpha: 1 - options.Beta1);
            average.mul_(options.Beta2).add_(parameter, alpha: 1 - options.Beta2);
            var corrected = average / (1 - Math.Pow(options.Beta2, step));
            var update = momentum.sign() + options.Gamma * (parameter - corrected).sign();
            parameter.add_(update, alpha: -options.LearningRate).add_(corrected, alpha: -options.LearningRate * options.WeightDecay);
        }
        CollectionAssert.AreEqual(parameter.data<float>().ToArray(), fused.data<float>().ToArray());
    }

    [TestMethod]
    [DynamicData(nameof(ElementwiseOptimizers))]
    public void LargeTensorsGiveTheSameOnManyCores(OptimizerSettings options)
    {
        // Enough elements for several chunks; each element must be updated exactly as it would be alone in a small tensor.
        const int length = 5 * (1 << 16) + 3;
        var large = new Parameter(full([length], 0.5f));
        var small = new Parameter(full([1], 0.5f));
        using var one = options.CreateOptimizer([large]);
        using var other = options.CreateOptimizer([small]);
        foreach (var gradient in new[] { 1f, -0.25f, 0f, 3f })
        {
            large.grad = full([length], gradient);
            small.grad = full([1], gradient);
            one.step();
            other.step();
        }
        Assert.AreEqual(small.ToSingle(), large.min().ToSingle());
        Assert.AreEqual(small.ToSingle(), large.max().ToSingle());
    }

    public static IEnumerable<object[]> OptimizersOfBlocks =>
    [
        .. AllOptimizers.Where(row => row[0] is AdafactorOptions or AdamMiniOptions or AdamPOptions or AdaHessianOptions or CautiousAdamWOptions or LambOptions),
        [new AdafactorOptions { WeightDecay = 0.1, ClipThreshold = 0.5 }],
    ];

    [TestMethod]
    [DynamicData(nameof(OptimizersOfBlocks))]
    public void LargeMatricesGiveTheSameOnManyCores(OptimizerSettings options)
    {
        // Enough rows for several chunks, rows that span chunks, and several matrices in a tensor.
        using var generator = new Generator(7);
        long[][] shapes = [[700, 600], [2, 70_001], [2, 300, 501]];
        var starts = shapes.Select(shape => randn(shape, generator: generator)).ToList();
        var fused = starts.Select(start => new Parameter(start.clone())).ToList();
        var strided = starts.Select(start => new Parameter(start.transpose(-1, -2).contiguous().transpose(-1, -2))).ToList();
        AssertEqualSteps(options, fused, strided, steps: 3, generator);
    }

    [TestMethod]
    public void AFailedStepLeavesNothingForTheNext()
    {
        // The first tensor is queued for the fused loop when the second one, whose gradient has another shape, fails.
        Parameter sound = new(ones(8)), broken = new(ones(8));
        using var optimizer = new SignumOptions { LearningRate = 0.25 }.CreateOptimizer([sound, broken]);
        sound.grad = ones(8);
        broken.grad = ones(5);
        Assert.Throws<Exception>(() => optimizer.step());
        Assert.AreEqual(8, sound.sum().ToDouble());

        sound.grad = null;
        broken.grad = ones(8);
        optimizer.step();
        Assert.AreEqual(8, sound.sum().ToDouble());
        Assert.AreEqual(6, broken.sum().ToDouble());
    }

    [TestMethod]
    public void TheOrderOfTheDecayMattersOnlyWhereItFlipsASign()
    {
        // A decay of 1 on a parameter above its average by less than the decay: after the decay it is below.
        double After(FocusDecayOrder order)
        {
            var parameter = new Parameter(tensor(new[] { 1.0 }));
            using var optimizer = new FocusOptions { LearningRate = 0.1, Beta1 = 0, Beta2 = 0.5, Gamma = 0.5, WeightDecay = 5, DecayOrder = order }
                .CreateOptimizer([parameter]);
            parameter.grad = tensor(new[] { -1.0 });
            optimizer.step();
            return parameter.ToDouble();
        }

        // t = 1: the average is the parameter itself, so θ = 1 + 0.1 − 0.1·5·1 = 0.6 with no attraction after the sign …
        Assert.AreEqual(0.6, After(FocusDecayOrder.AfterSign), 1e-12);
        // … and Algorithm 1 sees the decayed parameter below the average: the attraction adds 0.1·0.5.
        Assert.AreEqual(0.65, After(FocusDecayOrder.BeforeSign), 1e-12);
    }
}
