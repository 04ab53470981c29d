using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Focus.Benchmarks;

/// <summary>Training steps of the paper's MNIST network with FOCUS, beside the same of TorchSharp's modules with its AdamW.</summary>
/// <remarks>Both run in this process, so both have the settings of <see cref="TorchRuntime"/>.</remarks>
internal static class MlpSuite
{
    private const double Budget = 8;
    private const int Inputs = 784, Width = 128, Classes = 10;

    /// <summary>So small that thousands of steps on one batch do not fit it: vanishing gradients would be slow denormal numbers.</summary>
    private const double LearningRate = 1e-6;

    private static readonly int[] BatchSizes = [2, 64, 1024, 4096];

    public static void Run(Report report)
    {
        foreach (var batch in BatchSizes)
        {
            using var ours = new Mlp(Inputs, [Width, Width, Width, Width, Width], Classes);
            using var focus = new FocusOptions { LearningRate = LearningRate }.CreateOptimizer(ours.ParameterGroups());
            using var theirs = Peer();
            using var adamW = optim.AdamW(theirs.parameters(), lr: LearningRate);
            using var features = rand(batch, Inputs);
            using var labels = randint(0, Classes, batch, ScalarType.Int64);

            var seconds = SideBySide.Medians(
                Budget,
                SideBySide.Repeat(() => Step(ours, focus, features, labels)),
                SideBySide.Repeat(() => Step(theirs, adamW, features, labels)));
            report.Compare($"mlp_step_b{batch}", seconds[0], seconds[1], "s");
        }
    }

    private static Module<Tensor, Tensor> Peer() => Sequential(
        BatchNorm1d(Inputs), Linear(Inputs, Width), ReLU(),
        BatchNorm1d(Width), Linear(Width, Width), ReLU(),
        BatchNorm1d(Width), Linear(Width, Width), ReLU(),
        BatchNorm1d(Width), Linear(Width, Width), ReLU(),
        BatchNorm1d(Width), Linear(Width, Width), ReLU(),
        BatchNorm1d(Width), Linear(Width, Classes));

    private static void Step(Module<Tensor, Tensor> model, optim.Optimizer optimizer, Tensor features, Tensor labels)
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        functional.cross_entropy(model.call(features), labels).backward();
        optimizer.step();
    }
}
