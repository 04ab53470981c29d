using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>How well a classifier does on a data set.</summary>
/// <param name="Loss">The mean cross-entropy, in nats.</param>
/// <param name="Accuracy">The share of rows whose largest logit is the label's, in [0, 1].</param>
public readonly record struct ClassifierEvaluation(double Loss, double Accuracy)
{
    /// <summary>Rows per forward pass, as in the paper.</summary>
    private const int BatchSize = 8192;

    /// <summary>Evaluates a model in evaluation mode, and leaves it in the mode it was in.</summary>
    /// <param name="model">From rows × width to logits, rows × classes; on the data's device.</param>
    /// <param name="data">At least one row.</param>
    public static ClassifierEvaluation Of(nn.Module<Tensor, Tensor> model, ClassificationData data)
    {
        var wasTraining = model.training;
        model.eval();
        using var _ = no_grad();
        double loss = 0, correct = 0;
        for (var start = 0L; start < data.Count; start += BatchSize)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(BatchSize, data.Count - start);
            var labels = data.Labels.narrow(0, start, count);
            var logits = model.call(data.Features.narrow(0, start, count));
            loss += nn.functional.cross_entropy(logits, labels, reduction: nn.Reduction.Sum).ToDouble();
            correct += logits.argmax(1).eq(labels).sum().ToDouble();
        }
        model.train(wasTraining);
        return new ClassifierEvaluation(loss / data.Count, correct / data.Count);
    }
}
