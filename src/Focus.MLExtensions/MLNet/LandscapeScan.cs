using System.Text.Json.Serialization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>Simulates optimizers on a toy landscape of arXiv:2501.12243 for each row of a view, which holds a cell of a phase
/// diagram.</summary>
/// <remarks>
/// <para>
/// Input: any of the columns <c>Sharpness</c>, <c>Noise</c>, <c>WeightDecay</c> and <c>Slope</c>, at least one, each Double or Single and
/// at least 0; what is missing comes from the options. Output, in Double, for each optimizer, here Adam: <c>AdamLoss</c>, the lowest, over
/// learning rates, of the mean final loss over replicates; <c>AdamLearningRate</c>, where it was reached; <c>AdamStandardError</c> of that
/// mean (all NaN where no mean is finite; the error also with a single replicate). Then <c>Winner</c>, the optimizer with the lowest loss:
/// a key whose values are the optimizers' names, missing where no loss is finite. On request <c>RawLosses</c>, what was kept of each run: a
/// vector of Double with the dimensions optimizer, learning rate, replicate and, with <see cref="RunRecording.Extremes"/>, metric.
/// </para>
/// <para>
/// A cell's random numbers derive from the seed and the cell's own values: its result is the same alone, in any grid, in any order, and
/// with any number of cursors. Single values are widened to Double, so that 0.1f is another cell than 0.1. Rows are simulated as cursors
/// move, some of them ahead, on all cores, and only where one of the new columns was asked for.
/// </para>
/// </remarks>
public sealed class LandscapeScan : IEstimator<LandscapeTransformer>
{
    private readonly Options options;

    internal LandscapeScan(Options options)
    {
        options.Validate();
        this.options = options;
    }

    /// <summary>Checks the columns; there is nothing to learn.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no column of cells, or one is of the wrong type.</exception>
    public LandscapeTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        CellColumns.Find(input.Schema);
        return new LandscapeTransformer(options);
    }

    /// <summary>The columns of the output: those of the input, then those of each optimizer, <c>Winner</c> and, on request,
    /// <c>RawLosses</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no column of cells, or one is of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        CellColumns.Check(inputSchema);
        return inputSchema.With(LandscapeColumns.Of(options));
    }

    /// <summary>Settings of <see cref="LandscapeScan"/>; the defaults are those of the phase diagrams in arXiv:2501.12243.</summary>
    /// <remarks>
    /// <see cref="LandscapeSimulator.Options.Landscape"/> is set by the method of <c>mlContext.Focus.Landscapes</c> that makes the scan.
    /// </remarks>
    public sealed record Options : LandscapeSimulator.Options
    {
        /// <summary>The sharpness a of data without such a column; finite, at least 0.</summary>
        public double Sharpness { get; init; } = 10;

        /// <summary>The noise σ of data without such a column; 0 to 1e6.</summary>
        public double Noise { get; init; }

        /// <summary>The weight decay ω of data without such a column; finite, at least 0.</summary>
        public double WeightDecay { get; init; } = 0.1;

        /// <summary>The slope c of data without such a column; finite, at least 0.</summary>
        public double Slope { get; init; } = 0.1;

        /// <summary>Whether the output holds what was kept of each run as column <c>RawLosses</c>.</summary>
        public bool RawLosses { get; init; }

        /// <summary>Stops simulations: reading rows then throws <see cref="OperationCanceledException"/>. Not part of model
        /// files.</summary>
        public CancellationToken CancellationToken { get; init; }

        internal LandscapeCell Cell => new(Sharpness, Noise, WeightDecay, Slope);

        /// <inheritdoc/>
        public override void Validate()
        {
            base.Validate();
            Cell.Validate();
        }
    }
}

/// <summary>Adds the columns of <see cref="LandscapeScan"/> to each row.</summary>
public sealed class LandscapeTransformer : FocusTransformer
{
    internal const string Kind = "Landscape";

    private readonly LandscapeScan.Options options;
    private readonly LandscapeSimulator simulator;

    internal LandscapeTransformer(LandscapeScan.Options options) => (this.options, simulator) = (options, new LandscapeSimulator(options));

    internal override string ModelKind => Kind;

    internal override void Save(ModelArchive archive) => archive.WriteJson(ModelArchive.ConfigurationName, LandscapeConfiguration.Of(options));

    internal static LandscapeTransformer Load(ModelArchive archive) => new(archive.ReadJson<LandscapeConfiguration>(ModelArchive.ConfigurationName).ToOptions());

    private protected override RowMapping Bind(DataViewSchema inputSchema)
    {
        var columns = CellColumns.Find(inputSchema);
        // Cells enough for all cores to be busy most of the time.
        return new RowMapping(
            inputSchema, columns.Select(found => found.Column), LandscapeColumns.Of(options), 16 * Environment.ProcessorCount,
            (input, capacity) => new LandscapeBlock(simulator, new CellReader(input, columns, options.Cell), options.CancellationToken, capacity));
    }
}

/// <summary>What a scan's results depend on; part of the model file.</summary>
internal sealed record LandscapeConfiguration(
    string Landscape, string[] Optimizers, double[] LearningRates, int Replicates, int Steps, int Dimensions, double Angle, double StartSpread, long Seed,
    [property: JsonConverter(typeof(JsonStringEnumConverter<NoiseMode>))] NoiseMode NoiseMode,
    [property: JsonConverter(typeof(JsonStringEnumConverter<RunRecording>))] RunRecording Recording,
    double Sharpness, double Noise, double WeightDecay, double Slope, bool RawLosses)
{
    private static readonly Landscape[] Landscapes = [Focus.Landscape.NarrowingValley, Focus.Landscape.QuadraticValley];

    public static LandscapeConfiguration Of(LandscapeScan.Options options) => new(
        options.Landscape.Name, [.. options.Optimizers.Select(Text)], [.. options.LearningRates], options.Replicates,
        options.Steps, options.Dimensions, options.Angle, options.StartSpread, options.Seed, options.NoiseMode, options.Recording,
        options.Sharpness, options.Noise, options.WeightDecay, options.Slope, options.RawLosses);

    public LandscapeScan.Options ToOptions()
    {
        LandscapeScan.Options? options = null;
        Check.Stored("The model's configuration is invalid", () => (options = Read()).Validate());
        return options!;
    }

    private static string Text(LandscapeOptimizer optimizer) => optimizer is not RuleOptimizer { IsReadable: false } ? optimizer.ToString()
        : throw new NotSupportedException($"The optimizer {optimizer.Name} is none of the library's, so a model file cannot hold the scan.");

    private LandscapeScan.Options Read() => new()
    {
        Landscape = Landscapes.FirstOrDefault(known => known.Name == Landscape) ?? throw new FormatException($"the landscape '{Landscape}' is unknown"),
        Optimizers = [.. Optimizers.Select(LandscapeOptimizer.Parse)],
        LearningRates = LearningRates,
        Replicates = Replicates,
        Steps = Steps,
        Dimensions = Dimensions,
        Angle = Angle,
        StartSpread = StartSpread,
        Seed = Seed,
        NoiseMode = NoiseMode,
        Recording = Recording,
        Sharpness = Sharpness,
        Noise = Noise,
        WeightDecay = WeightDecay,
        Slope = Slope,
        RawLosses = RawLosses,
    };
}

/// <summary>Cells that are simulated together, on all cores.</summary>
internal sealed class LandscapeBlock(LandscapeSimulator simulator, CellReader reader, CancellationToken cancellation, int capacity) : RowBlock
{
    private readonly LandscapeCell[] cells = new LandscapeCell[capacity];
    private readonly CellResult[] results = new CellResult[capacity];

    public override void Read(int slot) => cells[slot] = reader.Read();

    public override void Compute(int count)
        => ComputeInParallel(count, slot => results[slot] = simulator.Simulate(cells[slot], cancellation), cancellation);

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

/// <summary>The columns a scan adds: <see cref="PerOptimizer"/> for each optimizer, Winner and, on request, RawLosses.</summary>
internal static class LandscapeColumns
{
    public const int PerOptimizer = 3, Loss = 0, LearningRate = 1, StandardError = 2;

    public static IEnumerable<DataViewSchema.DetachedColumn> Of(LandscapeScan.Options options)
    {
        string[] names = [.. options.Optimizers.Select(optimizer => optimizer.Name)];
        foreach (var prefix in names.Select(Capitalized))
        {
            yield return new($"{prefix}{nameof(Loss)}", NumberDataViewType.Double);
            yield return new($"{prefix}{nameof(LearningRate)}", NumberDataViewType.Double);
            yield return new($"{prefix}{nameof(StandardError)}", NumberDataViewType.Double);
        }

        var winners = new DataViewSchema.Annotations.Builder();
        new KeyValues(KeyValueType.Text.Name, names).AddTo(winners);
        yield return new("Winner", new KeyDataViewType(typeof(uint), names.Length), winners.ToAnnotations());
        if (options.RawLosses) yield return new(nameof(options.RawLosses), new VectorDataViewType(NumberDataViewType.Double, Dimensions(options)));
    }

    private static int[] Dimensions(LandscapeScan.Options options)
    {
        int[] runs = [options.Optimizers.Count, options.LearningRates.Count, options.Replicates];
        return options.Metrics == 1 ? runs : [.. runs, options.Metrics];
    }

    /// <summary>FOCUS gives columns that start with Focus, but AdamW ones that start with AdamW.</summary>
    private static string Capitalized(string name) => name == name.ToUpperInvariant() ? name[..1] + name[1..].ToLowerInvariant() : name;
}

/// <summary>Reads cells from rows.</summary>
internal sealed class CellReader
{
    private readonly DataViewRow row;
    private readonly LandscapeCell defaults;
    private readonly (CellAxis Axis, Func<double> Read)[] values;

    public CellReader(DataViewRow row, IEnumerable<(CellAxis Axis, DataViewSchema.Column Column)> columns, LandscapeCell defaults)
    {
        (this.row, this.defaults) = (row, defaults);
        values = [.. columns.Select(found => (found.Axis, Reader(row, found.Column)))];
    }

    public LandscapeCell Read()
    {
        var cell = defaults;
        foreach (var (axis, read) in values) cell = axis.Set(cell, read());
        try
        {
            cell.Validate();
        }
        catch (ArgumentOutOfRangeException fault)
        {
            throw new InvalidOperationException($"Row {row.Position} is no cell of a landscape: {Check.Reason(fault)}", fault);
        }
        return cell;
    }

    private static Func<double> Reader(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type.Equals(NumberDataViewType.Single))
        {
            var getSingle = row.GetGetter<float>(column);
            var single = 0f;
            return () =>
            {
                getSingle(ref single);
                return single;
            };
        }
        var getDouble = row.GetGetter<double>(column);
        var value = 0.0;
        return () =>
        {
            getDouble(ref value);
            return value;
        };
    }
}

/// <summary>The columns of a view that hold the values of cells.</summary>
internal static class CellColumns
{
    private static readonly string Names = string.Join(", ", CellAxis.All.Select(axis => axis.Name));

    public static (CellAxis Axis, DataViewSchema.Column Column)[] Find(DataViewSchema schema)
        => [.. Present(schema.Select(column => column.Name)).Select(axis => (axis, ColumnRole.Cell.Find(schema, axis.Name)))];

    public static void Check(SchemaShape shape)
    {
        foreach (var axis in Present(shape.Select(column => column.Name))) ColumnRole.Cell.Find(shape, axis.Name);
    }

    private static IEnumerable<CellAxis> Present(IEnumerable<string> columns)
        => CellAxis.All.IntersectBy(columns, axis => axis.Name).ToArray() is { Length: > 0 } present
            ? present
            : throw ColumnRole.Cell.Missing(Names, columns);
}

/// <summary>A value of a cell that may vary over a grid.</summary>
internal sealed record CellAxis(string Name, Func<LandscapeCell, double, LandscapeCell> Set)
{
    public static CellAxis Sharpness { get; } = new(nameof(LandscapeCell.Sharpness), (cell, value) => cell with { Sharpness = value });
    public static CellAxis Noise { get; } = new(nameof(LandscapeCell.Noise), (cell, value) => cell with { Noise = value });
    public static CellAxis WeightDecay { get; } = new(nameof(LandscapeCell.WeightDecay), (cell, value) => cell with { WeightDecay = value });
    public static CellAxis Slope { get; } = new(nameof(LandscapeCell.Slope), (cell, value) => cell with { Slope = value });
    public static IReadOnlyList<CellAxis> All { get; } = [Sharpness, Noise, WeightDecay, Slope];
}
