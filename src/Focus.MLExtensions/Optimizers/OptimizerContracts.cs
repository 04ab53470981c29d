using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>An optimizer that needs more than the gradient of each step: an estimate of the curvature, or of how the gradient has
/// changed.</summary>
/// <remarks>This library's trainers provide them. A loop of one's own looks at <see cref="Kind"/> and <see cref="IsDue"/> before each step.</remarks>
/// <example>
/// Sophia-G on a classifier:
/// <code>
/// var model = TorchSharp.torch.nn.Linear(10, 3);
/// using var optimizer = new SophiaGOptions { LearningRate = 1e-2, BatchTokens = 8 }.CreateOptimizer(model.parameters());
/// var curvature = (ICurvatureOptimizer)optimizer;
/// for (var step = 0; step &lt; 100; step++)
/// {
///     using var scope = TorchSharp.torch.NewDisposeScope();
///     var features = TorchSharp.torch.randn(8, 10);
///     var labels = TorchSharp.torch.randint(3, 8);
///     var isDue = curvature.IsDue;
///     optimizer.zero_grad();
///     TorchSharp.torch.nn.functional.cross_entropy(model.call(features), labels).backward();
///     optimizer.step();
///     if (!isDue) continue;
///     optimizer.zero_grad();
///     var output = model.call(features);
///     var sampled = output.detach().softmax(1).multinomial(1).squeeze(1);
///     TorchSharp.torch.nn.functional.cross_entropy(output, sampled).backward();
///     curvature.Take(parameter => parameter.grad);
/// }
/// </code>
/// </example>
public interface ICurvatureOptimizer
{
    /// <summary>What the optimizer needs.</summary>
    CurvatureKind Kind { get; }

    /// <summary>Whether the step to come is one with an estimate.</summary>
    bool IsDue { get; }

    /// <summary>Takes the estimate for each parameter that has one, a tensor of the parameter's shape.</summary>
    void Take(Func<Parameter, Tensor?> estimate);

    /// <summary>Runs an action while the parameters hold the weights from before the last step, and then gives them their present weights
    /// back, bit for bit.</summary>
    /// <exception cref="InvalidOperationException">The optimizer is not of kind <see cref="CurvatureKind.PreviousGradient"/>.</exception>
    void AtPreviousWeights(Action action);
}

/// <summary>Estimates of the curvature.</summary>
public enum CurvatureKind
{
    /// <summary>None is needed.</summary>
    None,

    /// <summary>After the step: the gradient of the mean loss with labels that are drawn from the model's own output.</summary>
    SampledGradient,

    /// <summary>Before the step: z·(H·z) with the Hessian H of the step's loss and z of random signs.</summary>
    HessianDiagonal,

    /// <summary>Before the step: the gradient of the step's loss at the weights from before the last step
    /// (<see cref="ICurvatureOptimizer.AtPreviousWeights"/>).</summary>
    PreviousGradient,
}

/// <summary>An optimizer whose model has other weights in training than in use.</summary>
/// <remarks>Evaluate and keep the model between <see cref="ToAverage"/> and <see cref="ToTraining"/>; train outside. This library's trainers do
/// so by themselves.</remarks>
public interface IAveragingOptimizer
{
    /// <summary>Gives the parameters their averages and keeps the weights in training.</summary>
    void ToAverage();

    /// <summary>Gives the parameters their weights in training back, bit for bit.</summary>
    void ToTraining();
}
