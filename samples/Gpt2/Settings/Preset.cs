namespace Gpt2Sample;

/// <summary>A run under a name.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Description">What it is, in a line.</param>
/// <param name="Settings">How it goes.</param>
internal sealed record Preset(string Name, string Description, RunSettings Settings);
