using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>What a user of a plain TorchSharp loop relies on: groups, state, schedulers, errors.</summary>
[TestClass]
public class OptimizerContractTests
{
    private static Parameter Ones(params long[] shape) => new(ones(shape));

    [TestMethod]
    [DynamicData(nameof(FusedStepTests.AllOptimizers), typeof(FusedStepTests))]
    public void SavedStateContinuesExactly(OptimizerSettings options)
    {
        using var generator = new Generator(3);
        var original = new Parameter(randn([5, 9], generator: generator));
        using var first = options.CreateOptimizer([new ParameterGroup([original]) { WeightDecay = 0.3 }]);
        void Step(OptimizerHelper optimizer, Parameter parameter, int seed)
        {
            using var noise = new Generator((ulong)seed);
            parameter.grad = randn(parameter.shape, generator: noise);
            EveryOptimizerTests.GiveCurvature(optimizer);
            optimizer.step();
        }

        for (var i = 0; i < 5; i++) Step(first, original, i);
        first.ParamGroups.Single().LearningRate = 0.02;
        var stream = new MemoryStream();
        first.save_state_dict(new BinaryWriter(stream));
        stream.Position = 0;

        var copy = new Parameter(original.detach().clone());
        using var second = options.CreateOptimizer([copy]);
        second.load_state_dict(new BinaryReader(stream));
        Assert.AreEqual(0.02, second.ParamGroups.Single().LearningRate);
        for (var i = 5; i < 10; i++)
        {
            Step(first, original, i);
            Step(second, copy, i);
        }
        Assert.IsTrue(original.allclose(copy, rtol: 0, atol: 0));
    }

    [TestMethod]
    public void StateOfAnotherOptimizerIsRefused()
    {
        using var adamW = new AdamWOptions().CreateOptimizer([Ones(3)]);
        using var focus = new FocusOptions().CreateOptimizer([Ones(3)]);
        var stream = new MemoryStream();
        adamW.save_state_dict(new BinaryWriter(stream));
        stream.Position = 0;
        Assert.ThrowsExactly<InvalidDataException>(() => focus.load_state_dict(new BinaryReader(stream)));
    }

    [TestMethod]
    public void AGroupOverridesLearningRateAndDecay()
    {
        Parameter slow = Ones(2), plain = Ones(2), free = Ones(2);
        using var optimizer = new SignumOptions { LearningRate = 0.1, WeightDecay = 1 }.CreateOptimizer(
            [new ParameterGroup([slow]) { LearningRate = 0.01 }, new ParameterGroup([plain]), new ParameterGroup([free]) { WeightDecay = 0 }]);
        foreach (var parameter in new[] { slow, plain, free }) parameter.grad = ones(2);
        optimizer.step();
        Assert.AreEqual(1 - 0.01 - 0.01, slow[0].ToDouble(), 1e-6);
        Assert.AreEqual(1 - 0.1 - 0.1, plain[0].ToDouble(), 1e-6);
        Assert.AreEqual(1 - 0.1, free[0].ToDouble(), 1e-6);
    }

    [TestMethod]
    public void ParametersWithoutGradientStayAsTheyAre()
    {
        Parameter used = Ones(2), unused = Ones(2);
        using var optimizer = new FocusOptions { WeightDecay = 0.5 }.CreateOptimizer([used, unused]);
        used.grad = ones(2);
        optimizer.step();
        Assert.IsTrue(unused.allclose(ones(2), rtol: 0, atol: 0));
        Assert.IsFalse(used.allclose(ones(2), rtol: 0, atol: 0));
    }

    [TestMethod]
    public void SchedulesDriveTorchSharpsOwnScheduler()
    {
        var schedule = new LinearSchedule { WarmupSteps = 2 };
        using var optimizer = new AdamWOptions { LearningRate = 0.5 }.CreateOptimizer([Ones(1)]);
        var scheduler = optim.lr_scheduler.LambdaLR(optimizer, step => schedule.Factor(step, 6));
        var rates = new List<double>();
        for (var i = 0; i < 7; i++)
        {
            rates.Add(optimizer.ParamGroups.Single().LearningRate);
            scheduler.step();
        }
        AssertEqual([0, 0.25, 0.5, 0.375, 0.25, 0.125, 0], rates);
    }

    [TestMethod]
    public void TheClosuresLossIsReturned()
    {
        var parameter = Ones(1);
        using var optimizer = new SignumOptions { LearningRate = 0.25 }.CreateOptimizer([parameter]);
        using var loss = optimizer.step(() =>
        {
            var value = parameter.pow(2).sum();
            value.backward();
            return value;
        });
        Assert.AreEqual(1, loss.ToDouble());
        Assert.AreEqual(0.75, parameter.ToDouble());
    }

    [TestMethod]
    public void NoParametersOrOneTwiceAreErrors()
    {
        var parameter = Ones(2, 3);
        Assert.ThrowsExactly<ArgumentException>(() => new FocusOptions().CreateOptimizer(Array.Empty<Parameter>()));
        var error = Assert.ThrowsExactly<ArgumentException>(() =>
            new FocusOptions().CreateOptimizer([new ParameterGroup([parameter]), new ParameterGroup([parameter])]));
        StringAssert.Contains(error.Message, "[2, 3]");
    }

    public static IEnumerable<object[]> InvalidOptions =>
    [
        [new FocusOptions { LearningRate = -1 }, "LearningRate"],
        [new FocusOptions { LearningRate = double.NaN }, "LearningRate"],
        [new FocusOptions { Beta1 = 1 }, "Beta1"],
        [new FocusOptions { Beta2 = -0.1 }, "Beta2"],
        [new FocusOptions { Gamma = double.PositiveInfinity }, "Gamma"],
        [new SignumOptions { WeightDecay = -1 }, "WeightDecay"],
        [new SignumOptions { Beta1 = 1.5 }, "Beta1"],
        [new AdamWOptions { Beta2 = 1 }, "Beta2"],
        [new AdamWOptions { Epsilon = 0 }, "Epsilon"],
    ];

    [TestMethod]
    [DynamicData(nameof(InvalidOptions))]
    public void AnOptionOutOfRangeIsNamed(OptimizerSettings options, string name)
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => options.CreateOptimizer([Ones(1)]));
        Assert.AreEqual(name, error.ParamName);
        StringAssert.Contains(error.Message, FormattableString.Invariant($"{name} is {error.ActualValue}"));
    }

    private static void AssertEqual(IReadOnlyList<double> expected, IReadOnlyList<double> actual)
    {
        Assert.AreEqual(expected.Count, actual.Count);
        for (var i = 0; i < expected.Count; i++) Assert.AreEqual(expected[i], actual[i], 1e-12, $"[{i}]");
    }
}
