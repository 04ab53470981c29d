namespace ToyLandscapes;

/// <summary>What the command line says.</summary>
internal sealed record Arguments(string? Figure, bool Theory, int Resolution, int Replicates, long Seed, string Shard, string Out);
