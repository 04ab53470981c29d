using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>Rows that a GPT-2 scores together, once a loss is asked for; continuations are generated row by row.</summary>
internal sealed class Gpt2RowBlock(Gpt2 network, Gpt2Scoring scoring, DataViewRow input, DataViewSchema.Column column, int capacity)
    : RowBlock
{
    private readonly ValueGetter<VBuffer<int>> readTokens = input.GetGetter<VBuffer<int>>(column);
    private readonly int[][] rows = new int[capacity][];
    private readonly int[]?[] continuations = new int[]?[capacity];
    private double[]? losses;
    private int count;
    private VBuffer<int> value;

    public override void Read(int slot)
    {
        readTokens(ref value);
        var tokens = new int[value.Length];
        value.CopyTo(tokens);
        TokenColumn.RequireInVocabulary(tokens, network.Config, column.Name, input.Position);
        rows[slot] = tokens;
    }

    public override void Compute(int count)
    {
        this.count = count;
        losses = null;
        Array.Clear(continuations);
    }

    public override Delegate CreateGetter(int added) => added switch
    {
        Gpt2Scoring.Loss => (ValueGetter<float>)((ref float loss) => loss = (float)CurrentLoss),
        Gpt2Scoring.Perplexity => (ValueGetter<float>)((ref float perplexity) => perplexity = (float)Math.Exp(CurrentLoss)),
        _ => (ValueGetter<VBuffer<int>>)GetContinuation,
    };

    public override void Dispose()
    {
    }

    private double CurrentLoss => (losses ??= TokenWindows.MeanLosses(network, rows.AsSpan(0, count)))[Current];

    private void GetContinuation(ref VBuffer<int> continuation)
    {
        var tokens = continuations[Current] ??= scoring.Continue(network, rows[Current]);
        var editor = VBufferEditor.Create(ref continuation, tokens.Length);
        tokens.CopyTo(editor.Values);
        continuation = editor.Commit();
    }
}
