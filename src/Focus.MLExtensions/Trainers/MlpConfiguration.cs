using Microsoft.ML;

namespace Focus;

/// <summary>What a trained MLP is, but for its weights; part of the model file.</summary>
internal sealed record MlpConfiguration(
    string FeatureColumnName, int Inputs, int[] HiddenWidths, int Classes, bool BatchNormalization, KeyValues? LabelValues)
{
    /// <summary>Checks a configuration that was read from a file.</summary>
    /// <exception cref="InvalidDataException">It describes no network.</exception>
    public void Validate()
    {
        Require(FeatureColumnName.Length > 0, "the feature column has no name");
        Require(Inputs >= 1 && Classes >= 2 && HiddenWidths.All(width => width >= 1),
            $"a network of {Inputs} inputs, hidden widths [{string.Join(", ", HiddenWidths)}] and {Classes} classes cannot be");
        if (LabelValues is null) return;
        Require(LabelValues.Texts.Length == Classes, $"{LabelValues.Texts.Length} label values do not fit {Classes} classes");
        try
        {
            LabelValues.AddTo(new DataViewSchema.Annotations.Builder());
        }
        catch (Exception error) when (error is FormatException or OverflowException)
        {
            Require(false, error.Message);
        }
    }

    private static void Require(bool condition, string fault)
    {
        if (!condition) throw new InvalidDataException($"The model's configuration is invalid: {fault}.");
    }
}
