using System.Runtime.CompilerServices;

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

    private sealed class Of<TValley>(string name, Func<LandscapeCell, TValley> create) : Landscape(name) where TValley : struct, IValley
    {
        public override double Loss(LandscapeCell cell, double u, double v)
        {
            cell.Validate();
            return create(cell).Loss(LanesScalar.Broadcast(u), LanesScalar.Broadcast(v * v)).Value;
        }

        internal override void Run<T, TSingle, TRule>(RunBatch batch, TRule rule) =>
            Engine<T, TSingle, TValley, TRule>.Run(batch, create(batch.Cell), rule);
    }
}

/// <summary>One cell of a phase diagram: the values that set a landscape and its noise.</summary>
/// <param name="Sharpness">a, the curvature across the valley; finite, at least 0.</param>
/// <param name="Noise">σ: each component of each gradient is multiplied by its own draw of N(1, σ²); 0 to 1e6. Used in float32.</param>
/// <param name="WeightDecay">ω, the decay of the parameters per unit of learning rate; finite, at least 0.</param>
/// <param name="Slope">c, the fall of the loss along the valley; finite, at least 0.</param>
public readonly record struct LandscapeCell(double Sharpness, double Noise, double WeightDecay = 0.1, double Slope = 0.1)
{
    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public void Validate()
    {
        Check.NonNegative(Sharpness);
        Check.Between(0, 1e6, Noise);
        Check.NonNegative(WeightDecay);
        Check.NonNegative(Slope);
    }
}

/// <summary>Evenly spaced values, for the axes of parameter scans.</summary>
public static class Grid
{
    /// <summary>Values evenly spaced on a logarithmic axis, from <paramref name="start"/> to <paramref name="stop"/>, both
    /// included.</summary>
    /// <param name="start">The first value, above 0.</param>
    /// <param name="stop">The last value, above 0.</param>
    /// <param name="count">The number of values, at least 1; a single value is <paramref name="start"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static double[] LogSpace(double start, double stop, int count)
    {
        Check.Positive(start);
        Check.Positive(stop);
        var values = Array.ConvertAll(LinSpace(Math.Log10(start), Math.Log10(stop), count), logarithm => Math.Pow(10, logarithm));
        (values[^1], values[0]) = (stop, start); // Without rounding.
        return values;
    }

    /// <summary>Values evenly spaced from <paramref name="start"/> to <paramref name="stop"/>, both included.</summary>
    /// <param name="start">The first value, finite.</param>
    /// <param name="stop">The last value, finite.</param>
    /// <param name="count">The number of values, at least 1; a single value is <paramref name="start"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static double[] LinSpace(double start, double stop, int count)
    {
        Check.Finite(start);
        Check.Finite(stop);
        Check.AtLeast(1, count);
        var values = new double[count];
        for (var i = 0; i < count; i++) values[i] = start + (stop - start) * i / Math.Max(1, count - 1);
        (values[^1], values[0]) = (stop, start);
        return values;
    }
}

/// <summary>A landscape L(u, q) around an axis: u is the coordinate along the axis, q the squared distance from it.</summary>
/// <remarks>To add a landscape, write one such struct and one factory in <see cref="Landscape"/>.</remarks>
internal interface IValley
{
    /// <summary>∂L/∂u, and the factor h of the gradient h·v across the axis (h = 2·∂L/∂q).</summary>
    (T Along, T Across) Gradient<T>(T u, T q) where T : struct, ILanes<T>;

    /// <summary>What the Hessian consists of, as L is linear in q: ∂²L/∂u², ∂h/∂u and h.</summary>
    (T Along, T Mixed, T Across) Curvature<T>(T u, T q) where T : struct, ILanes<T>;

    T Loss<T>(T u, T q) where T : struct, ILanes<T>;
}

/// <inheritdoc cref="Landscape.NarrowingValley"/>
internal readonly struct NarrowingValley(double sharpness, double slope) : IValley
{
    [MethodImpl(Lanes.Inline)]
    public (T Along, T Across) Gradient<T>(T u, T q) where T : struct, ILanes<T>
    {
        var au = T.Broadcast(sharpness) * u;
        return (T.MultiplyAdd(au, q, T.Broadcast(-slope)), au * u);
    }

    [MethodImpl(Lanes.Inline)]
    public (T Along, T Mixed, T Across) Curvature<T>(T u, T q) where T : struct, ILanes<T>
    {
        var a = T.Broadcast(sharpness);
        return (a * q, (a + a) * u, a * u * u);
    }

    [MethodImpl(Lanes.Inline)]
    public T Loss<T>(T u, T q) where T : struct, ILanes<T> =>
        T.MultiplyAdd(T.Broadcast(0.5 * sharpness) * u * u, q, T.Broadcast(-slope) * u);
}

/// <inheritdoc cref="Landscape.QuadraticValley"/>
internal readonly struct QuadraticValley(double sharpness, double slope) : IValley
{
    [MethodImpl(Lanes.Inline)]
    public (T Along, T Across) Gradient<T>(T u, T q) where T : struct, ILanes<T> => (T.Broadcast(-slope), T.Broadcast(sharpness));

    [MethodImpl(Lanes.Inline)]
    public (T Along, T Mixed, T Across) Curvature<T>(T u, T q) where T : struct, ILanes<T> =>
        (T.Broadcast(0), T.Broadcast(0), T.Broadcast(sharpness));

    [MethodImpl(Lanes.Inline)]
    public T Loss<T>(T u, T q) where T : struct, ILanes<T> => T.MultiplyAdd(T.Broadcast(0.5 * sharpness), q, T.Broadcast(-slope) * u);
}
