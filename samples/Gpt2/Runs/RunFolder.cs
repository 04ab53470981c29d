namespace Gpt2Sample;

/// <summary>The folder of a run: what lies where.</summary>
internal sealed record RunFolder(string Path)
{
    /// <summary>All settings; a configuration file for the same run again.</summary>
    public string Settings => In("settings.json");

    /// <summary>What the tokens mean, as prepare wrote it.</summary>
    public string Tokens => In(TrainingData.MetadataName);

    /// <summary>Each step's metrics, as lines of JSON.</summary>
    public string Metrics => In("metrics.jsonl");

    public string TensorBoard => In("tensorboard");

    public string Checkpoints => In("checkpoints");

    /// <summary>What came of the run; it is there once the run is over.</summary>
    public string Result => In("result.json");

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
