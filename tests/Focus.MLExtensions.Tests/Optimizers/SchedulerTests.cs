using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace Focus.Tests;

/// <summary>TorchSharp's own schedulers with this library's optimizers.</summary>
[TestClass]
public sealed class SchedulerTests
{
    private const int Steps = 12;

    public static IEnumerable<object[]> Pairs =>
        from options in new OptimizerSettings[] { new FocusOptions(), new SignumOptions(), new AdamWOptions() }
        from scheduler in Schedulers
        select new object[] { options, scheduler.Key };

    private static readonly Dictionary<string, Func<Optimizer, lr_scheduler.LRScheduler>> Schedulers = new()
    {
        ["StepLR"] = optimizer => lr_scheduler.StepLR(optimizer, 2),
        ["MultiStepLR"] = optimizer => lr_scheduler.MultiStepLR(optimizer, [3, 6]),
        ["ExponentialLR"] = optimizer => lr_scheduler.ExponentialLR(optimizer, 0.9),
        ["CosineAnnealingLR"] = optimizer => lr_scheduler.CosineAnnealingLR(optimizer, Steps),
        ["LinearLR"] = optimizer => lr_scheduler.LinearLR(optimizer),
        ["PolynomialLR"] = optimizer => lr_scheduler.PolynomialLR(optimizer, Steps),
        ["LambdaLR"] = optimizer => lr_scheduler.LambdaLR(optimizer, step => 1.0 / (step + 1)),
        ["MultiplicativeLR"] = optimizer => lr_scheduler.MultiplicativeLR(optimizer, _ => 0.5),
        ["ConstantLR"] = optimizer => lr_scheduler.ConstantLR(optimizer),
        ["CyclicLR"] = optimizer => lr_scheduler.CyclicLR(optimizer, 1e-3, 1e-2, step_size_up: 4),
        ["OneCycleLR"] = optimizer => lr_scheduler.OneCycleLR(optimizer, max_lr: 0.1, total_steps: Steps),
    };

    [TestMethod]
    [DynamicData(nameof(Pairs))]
    public void ASchedulerWithItsDefaultsChangesTheLearningRate(OptimizerSettings options, string scheduler)
    {
        using var scope = NewDisposeScope();
        var parameter = nn.Parameter(ones(3));
        using var optimizer = options.CreateOptimizer([parameter]);
        var schedule = Schedulers[scheduler](optimizer);
        var rates = new List<double>();
        for (var step = 0; step < Steps - 1; step++)
        {
            parameter.square().sum().backward();
            optimizer.step();
            schedule.step();
            rates.Add(optimizer.ParamGroups.Single().LearningRate);
        }

        Assert.IsGreaterThan(1, rates.Distinct().Count());
        Assert.IsTrue(rates.All(rate => rate is > 0 and < 1), string.Join(", ", rates));
        Assert.IsTrue(parameter.isfinite().all().ToBoolean());
    }

    [TestMethod]
    public void OneCycleLowersTheMomentumWhileTheLearningRateRises()
    {
        using var scope = NewDisposeScope();
        using var optimizer = new FocusOptions().CreateOptimizer([nn.Parameter(ones(3))]);
        var momentum = (IMomentum)optimizer;
        var schedule = lr_scheduler.OneCycleLR(optimizer, max_lr: 0.1, total_steps: 101, pct_start: 0.5);

        Assert.AreEqual(0.95, momentum.Momentum, 1e-3);
        for (var step = 0; step < 50; step++) schedule.step();
        Assert.AreEqual(0.85, momentum.Momentum, 1e-3);
        for (var step = 0; step < 50; step++) schedule.step();
        Assert.AreEqual(0.95, momentum.Momentum, 1e-3);
    }

    [TestMethod]
    public void AMomentumThatASchedulerSetIsUsed()
    {
        using var scope = NewDisposeScope();
        TorchSharp.Modules.Parameter scheduled = nn.Parameter(ones(3)), fixedOne = nn.Parameter(ones(3));
        using var optimizer = new SignumOptions { Beta1 = 0.5 }.CreateOptimizer([scheduled]);
        using var other = new SignumOptions { Beta1 = 0.9 }.CreateOptimizer([fixedOne]);
        ((IMomentum)optimizer).Momentum = 0.9;
        foreach (var sign in new[] { 1, 1, 1, -1, -1, -1 })
        {
            foreach (var parameter in new[] { scheduled, fixedOne }) parameter.grad = full(3, sign);
            optimizer.step();
            other.step();
        }
        Assert.IsTrue(scheduled.eq(fixedOne).all().ToBoolean());
    }
}
