using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>One optimizer step of a GPT-2 run: the micro-batches' gradients, their mean, clipping, update.</summary>
internal sealed class Gpt2Step : IDisposable
{
    /// <summary>What torch's own clipping adds to the norm.</summary>
    private const double NormEpsilon = 1e-6;

    private readonly Gpt2 model;
    private readonly OptimizerHelper optimizer;
    private readonly Gpt2TrainingOptions options;
    private readonly TokenBatches batches;

    public Gpt2Step(Gpt2 model, OptimizerHelper optimizer, TokenSource train, Gpt2TrainingOptions options)
    {
        (this.model, this.optimizer, this.options) = (model, optimizer, options);
        batches = new TokenBatches(train, RandomPurpose.TrainingBatches, model.Config, options);
        Scaler = new LossScaler(dynamic: options.Precision == TrainingPrecision.Float16);
        Working = new WorkingModel(model, options.Precision);
    }

    public LossScaler Scaler { get; }

    public WorkingModel Working { get; }

    /// <summary>Takes a step, counted from 1, unless its gradients overflow in float16.</summary>
    /// <exception cref="TrainingDivergedException">The loss is not finite, or the gradient is not where no loss scaling can help; the weights
    /// are as before the step.</exception>
    public Gpt2StepOutcome Take(long step)
    {
        using var scope = NewDisposeScope();
        var scale = Scaler.Scale;
        Working.Model.train();
        model.zero_grad();
        var loss = Enumerable.Range(0, options.AccumulationSteps).Sum(micro => AddGradients(step, micro)) / options.AccumulationSteps;
        if (!double.IsFinite(loss)) throw new TrainingDivergedException(step, loss);
        var norm = GlobalNorm.Of(Gradients) / scale;
        if (!double.IsFinite(norm))
        {
            if (!Scaler.TryBackOff()) throw TrainingDivergedException.OfNorm(step, loss, "gradient norm");
            return new Gpt2StepOutcome(loss, GradientNorm: null, Clipped: false, scale);
        }
        var clipping = Math.Min(1, (options.ClipNorm ?? double.PositiveInfinity) / (norm + NormEpsilon));
        ScaleGradients(clipping / scale);
        optimizer.step();
        Working.Refresh();
        Scaler.Accept();
        return new Gpt2StepOutcome(loss, norm, clipping < 1, scale);
    }

    public void Dispose() => Working.Dispose();

    private IEnumerable<Tensor> Gradients => model.parameters().Select(parameter => parameter.grad).OfType<Tensor>();

    /// <summary>Adds the gradients of one micro-batch's share of the scaled mean loss, and returns its loss.</summary>
    private double AddGradients(long step, int micro)
    {
        using var scope = NewDisposeScope();
        var number = (step - 1) * options.AccumulationSteps + micro;
        SeedDropout(number);
        var (tokens, targets) = batches.At(number);
        var loss = Working.Model.LossOfChecked(tokens, targets).to(ScalarType.Float32);
        loss.mul(LiveScalar.Of(Scaler.Scale / options.AccumulationSteps)).backward();
        Working.CollectGradients();
        return loss.ToDouble();
    }

    /// <summary>Has what a micro-batch drops out depend on its number alone.</summary>
    private void SeedDropout(long number)
    {
        if (model.Config.Dropout > 0) manual_seed((long)new RandomStream(options.Seed ?? 0, RandomPurpose.Dropout, number).Next());
    }

    private void ScaleGradients(double factor)
    {
        if (factor == 1) return;
        using var _ = no_grad();
        foreach (var gradient in Gradients) gradient.mul_(LiveScalar.Of(factor));
    }
}

/// <summary>What came of a step.</summary>
/// <param name="Loss">The mean loss of its micro-batches, before the update.</param>
/// <param name="GradientNorm">The gradients' global norm before clipping, or null where they overflowed and the step was skipped.</param>
/// <param name="Clipped">Whether they were clipped.</param>
/// <param name="LossScale">The factor of its loss.</param>
internal readonly record struct Gpt2StepOutcome(double Loss, double? GradientNorm, bool Clipped, double LossScale);
