using System.Text.Json.Nodes;

namespace Focus;

/// <summary>What the results of a phase diagram depend on: grid, settings and seed, but not how the work is divided.</summary>
internal static class PhaseScanDescription
{
    public static JsonObject Of(LandscapeSimulator.Options options, PhaseGrid grid) => new()
    {
        ["format"] = "focus-landscape-scan-1",
        ["landscape"] = options.Landscape.Name,
        ["dimensions"] = options.Dimensions,
        ["angle"] = options.Dimensions == 2 ? options.Angle : null,
        ["rows"] = grid.Axis.ToString(),
        ["row_values"] = Values(grid.Rows),
        ["noise"] = Values(grid.Noise),
        ["sharpness"] = grid.Axis == PhaseAxis.Sharpness ? null : grid.Cell.Sharpness,
        ["weight_decay"] = grid.Axis == PhaseAxis.WeightDecay ? null : grid.Cell.WeightDecay,
        ["slope"] = grid.Cell.Slope,
        ["optimizers"] = new JsonArray([.. options.Optimizers.Select(optimizer => (JsonNode)optimizer.ToString())]),
        ["learning_rates"] = Values(options.LearningRates),
        ["replicates"] = options.Replicates,
        ["steps"] = options.Steps,
        ["start_spread"] = options.StartSpread,
        ["seed"] = options.Seed,
        ["noise_mode"] = options.NoiseMode.ToString(),
        ["recording"] = options.Recording.ToString(),
    };

    private static JsonArray Values(IReadOnlyList<double> values) => new([.. values.Select(value => (JsonNode)value)]);
}
