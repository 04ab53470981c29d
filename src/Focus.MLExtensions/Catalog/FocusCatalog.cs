using Microsoft.ML;

namespace Focus;

/// <summary>What <c>mlContext.Focus</c> offers.</summary>
public sealed class FocusCatalog
{
    private readonly MLContext mlContext;

    internal FocusCatalog(MLContext mlContext)
    {
        this.mlContext = mlContext;
        Data = new FocusDataCatalog(mlContext);
        Transforms = new FocusTransformCatalog();
        Trainers = new FocusTrainerCatalog(mlContext);
        Landscapes = new FocusLandscapeCatalog();
        Model = new FocusModelCatalog();
        ModelRegistration.Register(mlContext.ComponentCatalog);
        TorchSharpConflict.Warn(mlContext);
    }

    /// <summary>Loads data sets as views.</summary>
    public FocusDataCatalog Data { get; }

    /// <summary>Transforms between text and tokens.</summary>
    public FocusTransformCatalog Transforms { get; }

    /// <summary>Trains models.</summary>
    public FocusTrainerCatalog Trainers { get; }

    /// <summary>Simulates optimizers on toy landscapes.</summary>
    public FocusLandscapeCatalog Landscapes { get; }

    /// <summary>Saves and loads this library's models in a format of its own.</summary>
    public FocusModelCatalog Model { get; }

    /// <summary>A GPT-2, trained from scratch to predict each next token.</summary>
    /// <param name="options">Model, optimizer, data, and length of the run.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    public Gpt2Pretrainer Gpt2Pretrainer(Gpt2Pretrainer.Options options) => new(mlContext, options);

    /// <summary>A GPT-2, trained from scratch to predict each next token, with defaults for all but the optimizer: the paper's GPT-2 small and
    /// its run of 100,000 steps.</summary>
    /// <param name="optimizer">The optimizer and its hyperparameters, such as <see cref="FocusOptions"/>.</param>
    /// <param name="tokenColumnName">The column of tokens: a vector of Int32.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    public Gpt2Pretrainer Gpt2Pretrainer(OptimizerOptions optimizer, string tokenColumnName = "Tokens")
        => Gpt2Pretrainer(new Gpt2Pretrainer.Options { Optimizer = optimizer, TokenColumnName = tokenColumnName });
}
