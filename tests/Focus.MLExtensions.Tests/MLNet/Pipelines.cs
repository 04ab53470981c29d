using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

/// <summary>A chain with the trainer in its middle: from coordinates and the name of a colour to the name of a colour.</summary>
internal static class Pipelines
{
    public static IEstimator<ITransformer> Colors(MLContext mlContext)
        => mlContext.Transforms.Concatenate("Features", nameof(Blob.X), nameof(Blob.Y))
            .Append(mlContext.Transforms.Conversion.MapValueToKey("Label", nameof(Blob.Color)))
            .Append(mlContext.Focus.Trainers.Mlp(Blobs.Quick))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("Answer", "PredictedLabel"));

    public static float[] Scores(this ITransformer model, IDataView data) => [.. model.Transform(data).GetColumn<float[]>("Score").SelectMany(score => score)];
}
