using System.Diagnostics;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public class Gpt2MemoryTests
{
    [TestMethod]
    public void ThousandsOfStepsNeedNoMoreMemoryThanTheFirstOnes()
    {
        // The gradients of a step alone are 100 KiB: lost, they would show as 200 MiB. The first steps fill the garbage collector's own budget.
        using var model = new Gpt2(new Gpt2Config { BlockSize = 16, VocabularySize = 32, Layers = 2, Heads = 2, Width = 32 });
        using var optimizer = new FocusOptions { LearningRate = 1e-4 }.CreateOptimizer(model.ParameterGroups());
        using var tokens = randint(0, 32, [2, 16], ScalarType.Int64);
        Run(1500);
        var before = (Memory: Memory(), Tensors: Tensor.TotalCount);
        Run(2000);
        var after = (Memory: Memory(), Tensors: Tensor.TotalCount);
        Assert.IsLessThanOrEqualTo(before.Tensors, after.Tensors);
        Assert.IsLessThan(before.Memory + (24 << 20), after.Memory);

        void Run(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                using var scope = NewDisposeScope();
                model.zero_grad();
                model.Loss(tokens, tokens).backward();
                optimizer.step();
            }
        }
    }

    private static long Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Process.GetCurrentProcess().WorkingSet64;
    }
}
