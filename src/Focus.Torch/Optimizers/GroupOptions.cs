using System.Text.Json;

namespace Focus;

/// <summary>The hyperparameters of one parameter group, in the form TorchSharp's optimizers and schedulers handle and save.</summary>
internal sealed class GroupOptions<TOptions> : TorchSharp.Modules.OptimizerOptions where TOptions : OptimizerOptions
{
    public GroupOptions(TOptions hyperparameters)
    {
        Hyperparameters = hyperparameters;
        LearningRate = InitialLearningRate = hyperparameters.LearningRate;
    }

    /// <summary>All hyperparameters; the learning rate of the moment is not here but in the base class, where schedulers set it.</summary>
    public TOptions Hyperparameters { get; private set; }

    public override void SaveStateDict(BinaryWriter writer)
    {
        base.SaveStateDict(writer);
        writer.Write(JsonSerializer.Serialize(Hyperparameters));
    }

    public override void LoadStateDict(BinaryReader reader)
    {
        base.LoadStateDict(reader);
        Hyperparameters = JsonSerializer.Deserialize<TOptions>(reader.ReadString())
            ?? throw new InvalidDataException($"The saved optimizer state holds no {typeof(TOptions).Name}.");
    }

    public override void LoadStateDict(TorchSharp.Modules.OptimizerOptions source)
    {
        base.LoadStateDict(source);
        Hyperparameters = source is GroupOptions<TOptions> same
            ? same.Hyperparameters
            : throw new ArgumentException($"Expected the state of an optimizer with {typeof(TOptions).Name}, found {source.GetType().Name}.", nameof(source));
    }
}
