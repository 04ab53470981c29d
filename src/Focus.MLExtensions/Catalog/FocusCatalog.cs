using Microsoft.ML;

namespace Focus;

/// <summary>What <c>mlContext.Focus</c> offers.</summary>
public sealed class FocusCatalog
{
    internal FocusCatalog(MLContext mlContext)
    {
        Data = new FocusDataCatalog();
        Trainers = new FocusTrainerCatalog(mlContext);
        Landscapes = new FocusLandscapeCatalog();
        Model = new FocusModelCatalog();
        ModelRegistration.Register(mlContext.ComponentCatalog);
    }

    /// <summary>Loads data sets as views.</summary>
    public FocusDataCatalog Data { get; }

    /// <summary>Trains models.</summary>
    public FocusTrainerCatalog Trainers { get; }

    /// <summary>Simulates optimizers on toy landscapes.</summary>
    public FocusLandscapeCatalog Landscapes { get; }

    /// <summary>Saves and loads this library's models in a format of its own.</summary>
    public FocusModelCatalog Model { get; }
}
