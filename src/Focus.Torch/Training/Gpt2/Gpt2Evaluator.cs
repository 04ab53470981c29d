using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Measures a model on random batches of the training and the validation data.</summary>
internal sealed class Gpt2Evaluator(
    Gpt2 model, WorkingModel working, OptimizerHelper optimizer, TokenSource train, TokenSource? validation, Gpt2TrainingOptions options)
{
    private readonly TokenBatches trainBatches = new(train, RandomPurpose.TrainingEvaluation, model.Config, options);

    private readonly TokenBatches? validationBatches =
        validation is null ? null : new(validation, RandomPurpose.ValidationEvaluation, model.Config, options);

    /// <summary>Evaluates the model after a step.</summary>
    /// <returns>The evaluation, or null where the run was cancelled meanwhile.</returns>
    /// <exception cref="TrainingDivergedException">A loss or the parameters are not finite.</exception>
    public Gpt2Evaluation? After(long step)
    {
        working.Model.eval();
        using var _ = no_grad();
        if (MeanLoss(trainBatches, step) is not { } trainLoss) return null;
        double? validationLoss = null;
        if (validationBatches is not null && (validationLoss = MeanLoss(validationBatches, step)) is null) return null;
        var norm = RequireFiniteParameters(step, trainLoss);
        return new Gpt2Evaluation(trainLoss, validationLoss, norm, MomentumNorm());
    }

    /// <summary>The norm of the parameters.</summary>
    /// <exception cref="TrainingDivergedException">It is not finite.</exception>
    public double RequireFiniteParameters(long step, double loss)
    {
        var norm = GlobalNorm.Of(model.parameters());
        return double.IsFinite(norm) ? norm : throw TrainingDivergedException.OfNorm(step, loss, "parameters' norm");
    }

    private double? MeanLoss(TokenBatches batches, long step)
    {
        var sum = 0.0;
        for (var i = 0; i < options.EvaluationBatches; i++)
        {
            if (options.CancellationToken.IsCancellationRequested) return null;
            using var scope = NewDisposeScope();
            var (tokens, targets) = batches.At(step * options.EvaluationBatches + i);
            sum += working.Model.LossOfChecked(tokens, targets).ToDouble();
        }
        var mean = sum / options.EvaluationBatches;
        return double.IsFinite(mean) ? mean : throw new TrainingDivergedException(step, mean);
    }

    private double? MomentumNorm()
        => optimizer.state_dict().State.OfType<ElementwiseState>().Select(state => state.First).ToArray() is { Length: > 0 } momenta
            ? GlobalNorm.Of(momenta)
            : null;
}
