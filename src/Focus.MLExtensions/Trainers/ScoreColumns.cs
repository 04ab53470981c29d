using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>The columns a classifier adds, with the annotations that ML.NET's multiclass scorers give theirs.</summary>
internal static class ScoreColumns
{
    public const int Score = 0, PredictedLabel = 1;

    /// <summary>Score and PredictedLabel.</summary>
    /// <param name="classes">The number of classes.</param>
    /// <param name="labelValues">What they stand for, or null.</param>
    public static DataViewSchema.DetachedColumn[] Of(int classes, KeyValues? labelValues)
    {
        var score = Annotations(nameof(Score));
        var predictedLabel = Annotations(nameof(PredictedLabel));
        labelValues?.AddAsSlotNames(score);
        labelValues?.AddTo(predictedLabel);
        return
        [
            new(nameof(Score), new VectorDataViewType(NumberDataViewType.Single, classes), score.ToAnnotations()),
            new(nameof(PredictedLabel), new KeyDataViewType(typeof(uint), classes), predictedLabel.ToAnnotations()),
        ];
    }

    private static DataViewSchema.Annotations.Builder Annotations(string valueKind)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddPrimitiveValue("ScoreColumnKind", TextDataViewType.Instance, "MulticlassClassification".AsMemory());
        annotations.AddPrimitiveValue("ScoreValueKind", TextDataViewType.Instance, valueKind.AsMemory());
        return annotations;
    }
}
