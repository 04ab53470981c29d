using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Rows that an MLP scores together.</summary>
internal sealed class MlpBlock(Mlp network, MlpConfiguration configuration, ValueGetter<VBuffer<float>> readFeatures, int capacity) : RowBlock
{
    private readonly int width = configuration.Inputs;
    private readonly int classes = configuration.Classes;
    private readonly Device device = network.parameters().First().device;
    private readonly Tensor features = empty(capacity, configuration.Inputs).DetachFromDisposeScope();
    private readonly float[] probabilities = new float[capacity * configuration.Classes];
    private VBuffer<float> row;

    public override void Read(int slot)
    {
        readFeatures(ref row);
        if (row.Length != width)
            throw new InvalidOperationException($"Column '{configuration.FeatureColumnName}': expected {width} features, found {row.Length}.");
        row.CopyTo(features.Floats().Slice(slot * width, width));
    }

    public override void Compute(int count)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var logits = network.call(features.narrow(0, 0, count).to(device));
        logits.softmax(1).cpu().Floats().CopyTo(probabilities);
    }

    public override Delegate CreateGetter(int added) => added == ScoreColumns.Score
        ? (ValueGetter<VBuffer<float>>)GetScore
        : (ValueGetter<uint>)GetPredictedLabel;

    public override void Dispose() => features.Dispose();

    private ReadOnlySpan<float> CurrentProbabilities => probabilities.AsSpan(Current * classes, classes);

    private void GetScore(ref VBuffer<float> score)
    {
        var editor = VBufferEditor.Create(ref score, classes);
        CurrentProbabilities.CopyTo(editor.Values);
        score = editor.Commit();
    }

    /// <summary>The key of the most probable class, the first of equals; missing where all probabilities are NaN.</summary>
    private void GetPredictedLabel(ref uint label)
    {
        label = 0;
        var highest = float.NegativeInfinity;
        for (var i = 0; i < classes; i++)
        {
            var probability = CurrentProbabilities[i];
            if (probability > highest) (label, highest) = ((uint)i + 1, probability);
        }
    }
}
