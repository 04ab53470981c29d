using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>An optimizer that updates parameters as matrices, by tensor operations on batches of them.</summary>
/// <remarks>
/// Matrices that lie one below the other in a parameter are matrices of their own; kernels and other tensors with more dimensions are flattened
/// to rows of their first dimension. Small matrices of equal shape are copied into one batch for each operation, as each operation has a cost of
/// its own; large ones are updated where they lie.
/// </remarks>
internal abstract class MatrixMethod<TOptions> : UpdateMethod where TOptions : OptimizerSettings
{
    private readonly List<Entry> queue = [];
    private int created;

    internal sealed override ParameterState CreateState(Parameter parameter, OptimizerSettings settings, ParameterLayout layout)
    {
        var shape = MatrixShape.Of(layout, settings.Name, TakesVectors);
        var shapes = StateShapes((TOptions)settings, shape).ToList();
        var type = ParameterState.ComputeTypeOf(parameter);
        return new(parameter, layout, () => shapes.Select(state => zeros(state, type, parameter.device))) { Index = created++ };
    }

    internal sealed override void Update(Parameter parameter, Tensor gradient, ParameterState state, OptimizerSettings settings, double learningRate)
    {
        if (parameter.numel() == 0) return;
        if (!gradient.shape.SequenceEqual(parameter.shape))
            throw new ArgumentException(
                $"The gradient is of shape {gradient.shape.ShapeText()}; expected the parameter's, {parameter.shape.ShapeText()}.",
                nameof(gradient));
        queue.Add(new(parameter, state, (TOptions)settings, learningRate, MatrixShape.Of(state.Layout, settings.Name, TakesVectors)));
    }

    internal sealed override void Run()
    {
        foreach (var alike in queue.GroupBy(entry => entry.Kind))
            foreach (var entries in alike.Chunk(MatrixBatch.FittingCount(alike.First().Parameter)))
            {
                using var scope = NewDisposeScope();
                var batch = new MatrixBatch(
                    [.. entries.Select(entry => (entry.Parameter, entry.Parameter.grad!, entry.State))], alike.Key.Shape, alike.Key.LearningRate,
                    alike.Key.Options.WeightDecay);
                Update(batch, alike.Key.Options);
                batch.Save();
            }
    }

    internal sealed override void Clear() => queue.Clear();

    /// <summary>Whether a tensor with one dimension is taken, as a matrix of one row; otherwise it is an error.</summary>
    protected virtual bool TakesVectors => false;

    /// <summary>The shapes of the tensors of state, which start at zero. The first dimension of each is the number of matrices.</summary>
    /// <exception cref="ArgumentException">The options do not suit the matrices.</exception>
    protected abstract IEnumerable<long[]> StateShapes(TOptions options, MatrixShape shape);

    /// <summary>Updates matrices and their state in place.</summary>
    protected abstract void Update(MatrixBatch batch, TOptions options);

    /// <summary>A parameter that is queued.</summary>
    /// <remarks>The gradient is asked of the parameter again, as TorchSharp disposes of this object of it before <see cref="Run"/>.</remarks>
    private sealed record Entry(Parameter Parameter, ParameterState State, TOptions Options, double LearningRate, MatrixShape Shape)
    {
        /// <summary>What must be equal for parameters to share a batch.</summary>
        public (TOptions Options, double LearningRate, long Step, MatrixShape Shape, ScalarType Type, DeviceType Device, int DeviceIndex) Kind
            => (Options, LearningRate, State.Step, Shape, Parameter.dtype, Parameter.device_type, Parameter.device_index);
    }
}

/// <summary>A parameter as matrices.</summary>
/// <param name="Count">How many matrices.</param>
/// <param name="Rows">The rows of each.</param>
/// <param name="Columns">The columns of each.</param>
internal readonly record struct MatrixShape(long Count, long Rows, long Columns)
{
    public long Short => Math.Min(Rows, Columns);

    public long Long => Math.Max(Rows, Columns);

    public override string ToString() => $"[{Rows}, {Columns}]";

    public static MatrixShape Of(ParameterLayout layout, string optimizer, bool takesVectors)
    {
        var (shape, stacked) = (layout.Shape, layout.StackedMatrices);
        if (shape.Count < 2)
            return takesVectors ? new(1, 1, layout.ElementCount) : throw new ArgumentException(
                $"A parameter has shape {shape.ShapeText()} and the role {layout.Role}; {optimizer} updates matrices. Leave the group's "
                + $"{nameof(ParameterGroup.Role)} out, or set {nameof(ParameterRole.GainOrBias)}.");
        if (stacked < 1 || shape[0] % stacked != 0)
            throw new ArgumentException(
                $"A parameter has shape {shape.ShapeText()}, and its group's {nameof(ParameterGroup.StackedMatrices)} is {stacked}; "
                + "expected a divisor of the first dimension.");
        return new(stacked, shape[0] / stacked, layout.RowLength);
    }
}

/// <summary>Matrices of equal shape with their gradients and state, each a tensor of shape count × rows × columns; what is changed in place
/// reaches the parameters with <see cref="Save"/>.</summary>
internal sealed class MatrixBatch
{
    private readonly (Parameter Parameter, Tensor Gradient, ParameterState State)[] entries;
    private readonly Dictionary<int, Tensor> states = [];
    private readonly double weightDecay;

    public MatrixBatch(
        (Parameter Parameter, Tensor Gradient, ParameterState State)[] entries, MatrixShape shape, double learningRate, double weightDecay)
    {
        (this.entries, Shape, LearningRate, this.weightDecay) = (entries, shape, learningRate, weightDecay);
        Parameters = Gather(entries.Select(entry => Matrices(entry.Parameter)));
        Gradients = Gather(entries.Select(entry => Matrices(entry.Gradient)));
    }

    /// <summary>The shape of the matrices, and how many a parameter has.</summary>
    public MatrixShape Shape { get; }

    public double LearningRate { get; }

    /// <summary>The step, counted from 1.</summary>
    public long Step => entries[0].State.Step;

    /// <summary>The matrices, to change in place.</summary>
    public Tensor Parameters { get; }

    /// <summary>The gradients, which must not be changed.</summary>
    public Tensor Gradients { get; }

    /// <summary>Which of the optimizer's parameters are in the batch.</summary>
    public IEnumerable<int> Indices => entries.Select(entry => entry.State.Index);

    /// <summary>How many parameters like this one make a batch: one where the copying would cost more than an operation's start. A batch of the
    /// processor has at most a million elements, which its caches hold.</summary>
    public static int FittingCount(Parameter parameter)
        => (int)Math.Clamp((parameter.device_type == DeviceType.CPU ? 1L << 20 : 1L << 26) / parameter.numel(), 1, 1 << 16);

    /// <summary>The tensors of state of a number, to change in place.</summary>
    public Tensor State(int index)
    {
        if (states.TryGetValue(index, out var known)) return known;
        return states[index] = Gather(entries.Select(entry => entry.State.Tensors[index]));
    }

    /// <summary>The tensors of state of a number, to read.</summary>
    public Tensor ReadState(int index) => states.TryGetValue(index, out var known) ? known : Gather(entries.Select(entry => entry.State.Tensors[index]));

    /// <summary>1 − β^t, by which an average of t values that began at zero is too small.</summary>
    public double Correction(double beta) => 1 - Math.Pow(beta, Step);

    /// <summary>θ ← (1 − η·ω)·θ − rate·direction; with the decay after the step, (1 − η·ω)·(θ − rate·direction).</summary>
    public void Descend(Tensor direction, double rate, bool decaysAfterStep = false)
    {
        var shrinkage = 1 - LearningRate * weightDecay;
        if (shrinkage != 1) Parameters.mul_(LiveScalar.Of(shrinkage));
        Parameters.add_(direction, LiveScalar.Of(decaysAfterStep ? -rate * shrinkage : -rate));
    }

    /// <summary>Writes what is not in place.</summary>
    public void Save()
    {
        for (var i = 0; i < entries.Length; i++)
        {
            var (parameter, _, state) = entries[i];
            if (entries.Length > 1 || parameter.dtype != Parameters.dtype || !parameter.is_contiguous())
                parameter.copy_(Part(Parameters, i).reshape(parameter.shape));
            if (entries.Length == 1) continue;
            foreach (var (index, tensor) in states) state.Tensors[index].copy_(Part(tensor, i));
        }
    }

    private Tensor Part(Tensor batch, int entry) => batch.narrow(0, entry * Shape.Count, Shape.Count);

    private Tensor Matrices(Tensor tensor)
        => tensor.detach().to(ParameterState.ComputeTypeOf(entries[0].Parameter)).reshape(Shape.Count, Shape.Rows, Shape.Columns);

    private static Tensor Gather(IEnumerable<Tensor> parts) => parts.ToArray() is [var only] ? only : cat(parts.ToArray(), 0);
}

/// <summary>Operations on batches of matrices.</summary>
internal static class MatrixOperations
{
    /// <summary>The matrices, which are to be decomposed.</summary>
    /// <exception cref="ArithmeticException">One has a number that is NaN or infinite.</exception>
    public static Tensor Finite(this Tensor matrices) => matrices.isfinite().all().ToBoolean() ? matrices : throw new ArithmeticException(
        "A gradient is NaN or infinite, so its matrix has no decomposition. A smaller learning rate, or skipping the step, usually helps.");

    /// <summary>The Frobenius norm of each matrix, of shape count × 1 × 1.</summary>
    public static Tensor FrobeniusNorms(this Tensor matrices) => linalg.vector_norm(matrices, 2, [1, 2], keepdim: true);

    /// <summary>average ← β·average + (1−β)·value.</summary>
    public static Tensor Average(this Tensor average, Tensor value, double beta)
        => average.mul_(LiveScalar.Of(beta)).add_(value, LiveScalar.Of(1 - beta));

    /// <summary>average ← β·average + (1−β)·value².</summary>
    public static Tensor AverageSquare(this Tensor average, Tensor value, double beta)
        => average.mul_(LiveScalar.Of(beta)).addcmul_(value, value, LiveScalar.Of(1 - beta));
}
