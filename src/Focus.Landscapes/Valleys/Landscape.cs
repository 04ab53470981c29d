namespace Focus;

/// <summary>A toy loss landscape: a valley along an axis of parameter space, of coordinate u, at squared distance q from it.</summary>
public abstract class Landscape
{
    private Landscape(string name) => Name = name;

    /// <summary>L = ½·a·u²·q − c·u, the valley of arXiv:2501.12243 that narrows as the loss falls; a is the sharpness, c the
    /// slope.</summary>
    public static Landscape NarrowingValley { get; } =
        new Of<NarrowingValley>("narrowing valley", cell => new NarrowingValley(cell.Sharpness, cell.Slope));

    /// <summary>L = ½·a·q − c·u, a valley of the same width everywhere; a is the sharpness, c the slope.</summary>
    public static Landscape QuadraticValley { get; } =
        new Of<QuadraticValley>("quadratic valley", cell => new QuadraticValley(cell.Sharpness, cell.Slope));

    /// <summary>The landscape's name, such as "narrowing valley".</summary>
    public string Name { get; }

    /// <summary>The loss at coordinate <paramref name="u"/> on the axis and distance <paramref name="v"/> from it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value of the cell is outside its range.</exception>
    public abstract double Loss(LandscapeCell cell, double u, double v);

    internal abstract void Run<T, TSingle, TRule>(RunBatch batch, TRule rule)
        where T : struct, ILanes<T> where TSingle : struct, ISingleLanes<TSingle> where TRule : struct, IRule;

    internal abstract void Trace<TRule>(RunBatch batch, TRule rule, double learningRate, int replicate) where TRule : struct, IRule;

    private sealed class Of<TValley>(string name, Func<LandscapeCell, TValley> create) : Landscape(name) where TValley : struct, IValley
    {
        public override double Loss(LandscapeCell cell, double u, double v)
        {
            cell.Validate();
            return create(cell).Loss(LanesScalar.Broadcast(u), LanesScalar.Broadcast(v * v)).Value;
        }

        internal override void Run<T, TSingle, TRule>(RunBatch batch, TRule rule)
        {
            if (batch.Options.Dimensions == 2) PlaneRunner<T, TSingle, TValley, TRule>.Run(batch, create(batch.Cell), rule);
            else SpaceRunner<T, TSingle, TValley, TRule>.Run(batch, create(batch.Cell), rule);
        }

        internal override void Trace<TRule>(RunBatch batch, TRule rule, double learningRate, int replicate)
        {
            var valley = create(batch.Cell);
            if (batch.Options.Dimensions == 2)
                PlaneRunner<LanesScalar, SingleLanesScalar, TValley, TRule>.Trace(batch, valley, rule, learningRate, replicate);
            else
                SpaceRunner<LanesScalar, SingleLanesScalar, TValley, TRule>.Trace(batch, valley, rule, learningRate, replicate);
        }
    }
}
