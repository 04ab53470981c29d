using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>Cells that are simulated together, on all cores.</summary>
internal sealed class LandscapeBlock(LandscapeSimulator simulator, CellReader reader, CancellationToken cancellation, int capacity) : RowBlock
{
    private readonly LandscapeCell[] cells = new LandscapeCell[capacity];
    private readonly CellResult[] results = new CellResult[capacity];

    public override void Read(int slot) => cells[slot] = reader.Read();

    public override void Compute(int count)
    {
        try
        {
            Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellation },
                slot => results[slot] = simulator.Simulate(cells[slot], cancellation));
        }
        catch (AggregateException faults)
        {
            ExceptionDispatchInfo.Throw(faults.InnerExceptions[0]);
        }
    }

    public override Delegate CreateGetter(int added)
    {
        var (optimizer, value) = Math.DivRem(added, LandscapeColumns.PerOptimizer);
        if (optimizer == simulator.Settings.Optimizers.Count)
            return value == 0 ? (ValueGetter<uint>)GetWinner : (ValueGetter<VBuffer<double>>)GetRawLosses;
        return value switch
        {
            LandscapeColumns.Loss => Getter(score => score.Loss),
            LandscapeColumns.LearningRate => Getter(score => score.LearningRate),
            _ => Getter(score => score.StandardError),
        };

        ValueGetter<double> Getter(Func<OptimizerScore, double> select) => (ref double target) => target = select(results[Current].Scores[optimizer]);
    }

    public override void Dispose()
    {
    }

    /// <summary>Keys count from 1; 0 is a missing key.</summary>
    private void GetWinner(ref uint winner) => winner = (uint)(results[Current].Winner + 1);

    private void GetRawLosses(ref VBuffer<double> losses)
    {
        var outcomes = results[Current].Outcomes;
        var editor = VBufferEditor.Create(ref losses, outcomes.Length);
        outcomes.CopyTo(editor.Values);
        losses = editor.Commit();
    }
}
