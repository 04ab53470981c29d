using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Pre-trains a GPT-2: random blocks of tokens, gradient accumulation, clipping, evaluations, checkpoints, metrics.</summary>
/// <remarks>
/// <para>Block number n of a run depends on the seed and n alone: runs with different optimizers, precisions or evaluation intervals see the
/// same data in the same order.</para>
/// <para>Dropout draws from torch's generator for the whole process, which each micro-batch seeds anew: two trainings with dropout at once do
/// not repeat.</para>
/// </remarks>
public sealed class Gpt2Training
{
    private readonly Gpt2 model;
    private readonly Gpt2TrainingOptions options;

    /// <summary>Prepares a run.</summary>
    /// <param name="model">The model to train, in float32.</param>
    /// <param name="options">The run's settings.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the model is not in float32.</exception>
    public Gpt2Training(Gpt2 model, Gpt2TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        RequireFloat32(model);
        (this.model, this.options) = (model, options);
    }

    /// <summary>Trains the model, which ends in evaluation mode on the options' device, whether the run succeeds or fails.</summary>
    /// <param name="train">The tokens to learn from: at least one more than the model's block size.</param>
    /// <param name="validation">The tokens to validate with, as many at least, or null.</param>
    /// <exception cref="ArgumentException">There are too few tokens, or the checkpoint folder holds another run.</exception>
    /// <exception cref="InvalidDataException">A token is not in the vocabulary, or the checkpoint to resume from is damaged.</exception>
    /// <exception cref="TrainingDivergedException">The loss turned NaN or infinite; the last checkpoint stays as it is.</exception>
    /// <exception cref="IOException">A checkpoint or metrics cannot be written.</exception>
    public Gpt2TrainingResult Run(TokenSource train, TokenSource? validation = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        model.to(TorchDevice.Require(options.Device));
        try
        {
            using var run = new Gpt2Run(model, options, train, validation);
            return run.Complete();
        }
        finally
        {
            model.eval();
            model.zero_grad();
            TorchRuntime.ReturnFreedMemory();
        }
    }

    private static void RequireFloat32(Gpt2 model)
    {
        if (model.parameters().FirstOrDefault(parameter => parameter.dtype != ScalarType.Float32) is { } other)
            throw new ArgumentException(
                $"The model is in {other.dtype}; expected Float32, which its weights are kept in. To compute in a shorter type, set " +
                $"{nameof(Gpt2TrainingOptions)}.{nameof(Gpt2TrainingOptions.Precision)}.", nameof(model));
    }
}
