using TorchSharp;
using TorchSharp.Modules;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Adafactor: Adam whose second moment of a matrix is kept as the means of its rows and columns (arXiv:1804.04235), as in
/// fairseq.</summary>
/// <remarks>
/// With q = g² + ε1 and β = 1 − t^(−0.8), which is 0 at the first step:
/// <code>
/// matrices:  r ← β·r + (1−β)·mean of q over a row        c ← β·c + (1−β)·mean of q over a column        u = g / √(r·cᵀ / mean(r))
/// others:    v ← β·v + (1−β)·q        u = g / √v
/// u ← u / max(1, RMS(u)/d)        u ← η_t·u;  with β1:  m ← β1·m + (1−β1)·u, u = m
/// θ ← θ − η_t·ω·θ − u
/// </code>
/// η_t is η·min(10⁻², 1/√t) with <see cref="RelativeStep"/> and η otherwise, times max(ε2, RMS(θ)) with <see cref="ScaleParameter"/>.
/// (fairseq writes η_t back into its group, so that an external rate with <see cref="ScaleParameter"/> shrinks from step to step; here it does not.)
/// State: r and c, or v; with β1 also m. Three passes over memory.
/// </remarks>
public sealed record AdafactorOptions : OptimizerSettings
{
    /// <summary>Options with the published defaults: η 1 (a factor of the relative step), ε1 1e-30, ε2 1e-3, d 1, decay power −0.8, no β1, ω
    /// 0.</summary>
    public AdafactorOptions() => LearningRate = 1;

    /// <summary>Whether the learning rate is a factor of min(10⁻², 1/√t); otherwise it is the step's own.</summary>
    public bool RelativeStep { get; init; } = true;

    /// <summary>Whether the relative step grows from 0 as 10⁻⁶·t.</summary>
    public bool WarmupInit { get; init; }

    /// <summary>Whether steps are in proportion to the root mean square of the parameters.</summary>
    public bool ScaleParameter { get; init; } = true;

    /// <summary>The term ε1 added to squared gradients, finite and &gt; 0.</summary>
    public double Epsilon { get; init; } = 1e-30;

    /// <summary>The least scale ε2 of parameters, finite and &gt; 0.</summary>
    public double LeastScale { get; init; } = 1e-3;

    /// <summary>The highest root mean square d of a step before the learning rate, finite and &gt; 0.</summary>
    public double ClipThreshold { get; init; } = 1;

    /// <summary>The power of the step in the second moment's decay, finite and &lt; 0.</summary>
    public double DecayPower { get; init; } = -0.8;

    /// <summary>The decay β1 of the momentum, in [0, 1), or null for none.</summary>
    public double? Beta1 { get; init; }

    /// <inheritdoc/>
    public override string Name => "Adafactor";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Positive(Epsilon);
        Check.Positive(LeastScale);
        Check.Positive(ClipThreshold);
        Check.Positive(-DecayPower, nameof(DecayPower));
        Check.Fraction(Beta1 ?? 0, nameof(Beta1));
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => new AdafactorMethod();

    /// <inheritdoc/>
    protected internal override double? CycledMomentum => Beta1;

    /// <inheritdoc/>
    protected internal override OptimizerSettings WithMomentum(double momentum) => Beta1 is null ? this : this with { Beta1 = momentum };

    internal double StepSize(long step, double learningRate)
        => RelativeStep ? learningRate * Math.Min(WarmupInit ? 1e-6 * step : 1e-2, 1 / Math.Sqrt(step)) : learningRate;
}

/// <summary>The steps of Adafactor; the formula is in <see cref="AdafactorOptions"/>. Contiguous float32 matrices on the CPU are queued, everything
/// else is updated in tensor operations.</summary>
internal sealed class AdafactorMethod : UpdateMethod
{
    private readonly List<AdafactorStep> queue = [];

    internal override ParameterState CreateState(Parameter parameter, OptimizerSettings settings, ParameterLayout layout)
    {
        var shape = parameter.shape;
        var hasMomentum = ((AdafactorOptions)settings).Beta1 is not null;
        return new(parameter, layout, Fresh);

        IEnumerable<Tensor> Fresh()
        {
            var type = ParameterState.ComputeTypeOf(parameter);
            if (hasMomentum) yield return zeros_like(parameter, type);
            if (shape.Length < 2) yield return zeros_like(parameter, type);
            else
            {
                yield return zeros([.. shape[..^1], 1], type, parameter.device);
                yield return zeros([.. shape[..^2], 1, shape[^1]], type, parameter.device);
            }
        }
    }

    internal override void Update(Parameter parameter, Tensor gradient, ParameterState state, OptimizerSettings settings, double learningRate)
    {
        var options = (AdafactorOptions)settings;
        if (state.IsLocated && parameter.dim() > 1 && gradient.IsSpannable() && gradient.numel() == state.Length && state.Length > 0)
        {
            queue.Add(new(parameter, gradient, state, options, learningRate));
            return;
        }
        using var scope = NewDisposeScope();
        var (p, g) = (parameter.to(state.ComputeType), gradient.to(state.ComputeType));
        var moments = options.Beta1 is null ? state.Tensors : [.. state.Tensors.Skip(1)];
        var rate = options.StepSize(state.Step, learningRate);
        if (options.ScaleParameter) rate *= Math.Max(options.LeastScale, RootMeanSquare(p));

        var direction = Direction(g, moments, 1 - Math.Pow(state.Step, options.DecayPower), options.Epsilon);
        direction.mul_(LiveScalar.Of(rate / Math.Max(1, RootMeanSquare(direction) / options.ClipThreshold)));
        if (options.Beta1 is { } beta1) direction = Average(state.Tensors[0], direction, beta1);
        parameter.copy_(p.mul(LiveScalar.Of(1 - rate * options.WeightDecay)).sub_(direction));
    }

    internal override void Run()
    {
        var pieces = queue.SelectMany(step => Enumerable.Range(0, step.Pieces).Select(piece => (step, piece))).ToArray();
        var elements = queue.Sum(step => step.Elements);
        void ForEachPiece(Action<AdafactorStep, int> action) => Cores.ForEach(pieces.Length, elements, i => action(pieces[i].step, pieces[i].piece));
        ForEachPiece((step, piece) => step.MeasureGradient(piece));
        Cores.ForEach(queue.Count, elements, i => queue[i].AverageMoments());
        ForEachPiece((step, piece) => step.MeasureDirection(piece));
        ForEachPiece((step, piece) => step.Update(piece));
    }

    internal override void Clear() => queue.Clear();

    private static Tensor Direction(Tensor gradient, IReadOnlyList<Tensor> moments, double beta, double epsilon)
    {
        var square = gradient.square().add_(LiveScalar.Of(epsilon));
        if (moments is [var whole]) return gradient.mul(Average(whole, square, beta).rsqrt());
        var rows = Average(moments[0], square.mean([-1], keepdim: true), beta);
        var columns = Average(moments[1], square.mean([-2], keepdim: true), beta);
        return gradient.mul(rows.div(rows.mean([-2], keepdim: true)).rsqrt_()).mul_(columns.rsqrt());
    }

    private static Tensor Average(Tensor average, Tensor value, double beta)
        => average.mul_(LiveScalar.Of(beta)).add_(value, LiveScalar.Of(1 - beta));

    private static double RootMeanSquare(Tensor tensor) => tensor.numel() == 0 ? 0 : tensor.norm().ToDouble() / Math.Sqrt(tensor.numel());
}

/// <summary>A step of contiguous float32 matrices on the CPU, in pieces of a few rows.</summary>
/// <remarks>Sums of pieces are added up in order, so they do not depend on the threads. Memory is held by addresses only: the parameter owns its
/// gradient, the optimizer the state, and both outlive the step.</remarks>
internal sealed unsafe class AdafactorStep
{
    private const int PieceLength = 1 << 16;

    private readonly AdafactorOptions options;
    private readonly float* parameters, gradients, momentum, rowMoments, columnMoments;
    private readonly int rows, columns, rowsOfPiece, piecesOfMatrix;
    private readonly double beta, stepSize;

    /// <summary>The sums of squares of gradients by row and, in each piece, by column; then what multiplies a row's and a column's gradients.</summary>
    private readonly float[] rowScales, columnScales;
    private readonly float[][] columnSums;
    private readonly double[] parameterSquares, directionSquares;

    public AdafactorStep(Parameter parameter, Tensor gradient, ParameterState state, AdafactorOptions options, double learningRate)
    {
        this.options = options;
        parameters = state.Address;
        gradients = gradient.Address();
        momentum = options.Beta1 is null ? null : state.StateAddress(0);
        rowMoments = state.Tensors[^2].Address();
        columnMoments = state.Tensors[^1].Address();
        (rows, columns) = ((int)parameter.shape[^2], (int)parameter.shape[^1]);
        rowsOfPiece = Math.Max(1, PieceLength / columns);
        piecesOfMatrix = (rows + rowsOfPiece - 1) / rowsOfPiece;
        (beta, stepSize) = (1 - Math.Pow(state.Step, options.DecayPower), options.StepSize(state.Step, learningRate));
        Elements = state.Length;
        var matrices = state.Length / (rows * columns);
        Pieces = matrices * piecesOfMatrix;
        (rowScales, columnScales, columnSums) = (new float[matrices * rows], new float[matrices * columns], new float[Pieces][]);
        (parameterSquares, directionSquares) = (new double[Pieces], new double[Pieces]);
    }

    public int Pieces { get; }

    public long Elements { get; }

    public void MeasureGradient(int piece)
    {
        var sums = columnSums[piece] = new float[columns];
        foreach (var row in RowsOf(piece))
        {
            var gradient = Row(gradients, row);
            rowScales[row] = TensorPrimitives.SumOfSquares(gradient);
            TensorPrimitives.MultiplyAdd(gradient, gradient, sums, sums);
            if (options.ScaleParameter) parameterSquares[piece] += TensorPrimitives.SumOfSquares(Row(parameters, row));
        }
    }

    public void AverageMoments()
    {
        for (var matrix = 0; matrix < Pieces / piecesOfMatrix; matrix++)
        {
            Span<float> ofRows = rowScales.AsSpan(matrix * rows, rows), ofColumns = columnScales.AsSpan(matrix * columns, columns);
            foreach (var sums in columnSums.AsSpan(matrix * piecesOfMatrix, piecesOfMatrix)) TensorPrimitives.Add(ofColumns, sums, ofColumns);
            Average(new(rowMoments + matrix * rows, rows), ofRows, columns);
            Average(new(columnMoments + matrix * columns, columns), ofColumns, rows);
            TensorPrimitives.Divide(ofRows, TensorPrimitives.Sum(ofRows) / rows, ofRows);
            TensorPrimitives.ReciprocalSqrt(ofRows, ofRows);
            TensorPrimitives.ReciprocalSqrt(ofColumns, ofColumns);
        }
    }

    public void MeasureDirection(int piece)
    {
        var direction = new float[columns];
        foreach (var row in RowsOf(piece))
        {
            TensorPrimitives.Multiply(Row(gradients, row), ColumnScales(piece), direction);
            directionSquares[piece] += TensorPrimitives.SumOfSquares(direction) * (double)rowScales[row] * rowScales[row];
        }
    }

    public void Update(int piece)
    {
        var rate = stepSize * (options.ScaleParameter ? Math.Max(options.LeastScale, RootMean(parameterSquares)) : 1);
        var factor = rate / Math.Max(1, RootMean(directionSquares) / options.ClipThreshold);
        var shrinkage = (float)(1 - rate * options.WeightDecay);
        var direction = new float[columns];
        foreach (var row in RowsOf(piece))
        {
            TensorPrimitives.Multiply(Row(gradients, row), ColumnScales(piece), direction);
            TensorPrimitives.Multiply(direction, (float)(rowScales[row] * factor), direction);
            if (options.Beta1 is { } beta1)
            {
                var average = Row(momentum, row);
                TensorPrimitives.Multiply(average, (float)beta1, average);
                TensorPrimitives.MultiplyAdd(direction, (float)(1 - beta1), average, average);
                average.CopyTo(direction);
            }
            var parameter = Row(parameters, row);
            TensorPrimitives.Multiply(parameter, shrinkage, parameter);
            TensorPrimitives.Subtract(parameter, direction, parameter);
        }
    }

    /// <summary>Averages moments with the means that belong to sums, and leaves them in place of the sums.</summary>
    private void Average(Span<float> moments, Span<float> sums, int count)
    {
        for (var i = 0; i < sums.Length; i++)
            sums[i] = moments[i] = (float)(beta * moments[i] + (1 - beta) * (sums[i] / (double)count + options.Epsilon));
    }

    private double RootMean(double[] squares) => Math.Sqrt(squares.Sum() / Elements);

    private IEnumerable<int> RowsOf(int piece)
    {
        var (matrix, part) = Math.DivRem(piece, piecesOfMatrix);
        return Enumerable.Range(matrix * rows + part * rowsOfPiece, Math.Min(rowsOfPiece, rows - part * rowsOfPiece));
    }

    private Span<float> Row(float* array, int row) => new(array + (long)row * columns, columns);

    private ReadOnlySpan<float> ColumnScales(int piece) => columnScales.AsSpan(piece / piecesOfMatrix * columns, columns);
}
