using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Benchmarks;

/// <summary>One optimizer step over tensors shaped as GPT-2 small's, beside a kernel that streams as much memory, and beside TorchSharp's
/// AdamW.</summary>
internal static class OptimizerSuite
{
    private const double Budget = 20;

    /// <summary>GPT-2 small without biases: 12 layers of width 768, 1024 positions, 50304 tokens; 124 M parameters.</summary>
    private static readonly long[][] Shapes =
    [
        [50304, 768], [1024, 768], [768],
        .. Enumerable.Repeat<long[][]>([[768], [2304, 768], [768, 768], [768], [3072, 768], [768, 3072]], 12).SelectMany(layer => layer),
    ];

    public static void Run(Report report)
    {
        var parameters = Shapes.Select(shape => new Parameter(ones(shape))).ToList();
        foreach (var parameter in parameters) parameter.grad = ones(parameter.shape);
        RunFocus(report, parameters);
        RunAdamW(report, parameters);
        ElementwiseSteps.Run(report, parameters);
        parameters.ForEach(parameter => parameter.Dispose());
    }

    /// <summary>A step of optimizers of matrices over the hidden matrices of GPT-2 small, beside the products that it cannot do without.</summary>
    public static void RunMatrices(Report report)
    {
        RunMatrices(report, "muon", new MuonOptions(), layers: 12, MatrixProducts.NewtonSchulz);
        RunMatrices(report, "conda", new CondaOptions(), layers: 1, MatrixProducts.ThreeOnShortSide);
        RunMatrices(report, "cosmos", new CosmosOptions(), layers: 1, MatrixProducts.Cosmos);
        RunMatrices(report, "soap", new SoapOptions(), layers: 1, MatrixProducts.Soap);
    }

    private static void RunMatrices(Report report, string name, OptimizerSettings options, int layers, Action<Tensor> products)
    {
        var groups = Enumerable.Range(0, layers).SelectMany(_ => LayerGroups()).ToList();
        var parameters = groups.SelectMany(group => group.Parameters).ToList();
        foreach (var parameter in parameters) parameter.grad = randn(parameter.shape);
        var matrices = groups.SelectMany(group => group.Parameters[0].detach().chunk(group.StackedMatrices)).ToList();
        using var optimizer = options.CreateOptimizer(groups);
        using var _ = no_grad();
        var seconds = SideBySide.Medians(Budget, SideBySide.Repeat(() => optimizer.step()), SideBySide.Repeat(() => matrices.ForEach(products)));
        report.Add($"{name}_step", seconds[0], "s");
        report.Add($"{name}_products", seconds[1], "s");
        report.Add($"{name}_step_vs_products", seconds[0] / seconds[1], "ratio");
        report.Add($"{name}_share_of_products", seconds[1] / seconds[0], "ratio");
        parameters.ForEach(parameter => parameter.Dispose());
    }

    /// <summary>The hidden matrices of a layer; queries, keys and values lie one below the other.</summary>
    private static IEnumerable<ParameterGroup> LayerGroups()
        => from shape in new (long Rows, long Columns, int Stacked)[] { (2304, 768, 3), (768, 768, 1), (3072, 768, 1), (768, 3072, 1) }
           select new ParameterGroup([new Parameter(randn(shape.Rows, shape.Columns).mul_(0.02))])
           {
               Role = ParameterRole.HiddenMatrix, StackedMatrices = shape.Stacked,
           };

    private static void RunFocus(Report report, List<Parameter> parameters)
    {
        var elements = parameters.Sum(parameter => parameter.numel());
        using var focus = new FocusOptions { WeightDecay = 0.1 }.CreateOptimizer(parameters);
        using var input = rand(512, 2048);
        using var weight = new Parameter(rand(2048, 2048));
        void Step() => focus.step();
        void Backward()
        {
            using var step = NewDisposeScope();
            input.matmul(weight).relu().matmul(weight).sum().backward();
        }

        using var scope = NewDisposeScope(); // Frees the arrays of the stream.
        var seconds = SideBySide.Medians(Budget, ElementwiseSteps.Stream(elements, measured: 0, states: 2), SideBySide.Repeat(Step), SideBySide.Repeat(Step, before: Backward));
        report.Add("parameters", elements, "count");
        report.Add("stream", seconds[0], "s");
        report.Add("stream_bandwidth", 7.0 * sizeof(float) * elements / seconds[0] / 1e9, "GB/s");
        report.Add("focus_step", seconds[1], "s");
        report.Add("focus_step_vs_stream", seconds[1] / seconds[0], "ratio");
        report.Add("focus_step_after_backward", seconds[2], "s"); // OpenMP's threads still spin, waiting for their next task.
        report.Add("focus_step_after_backward_vs_stream", seconds[2] / seconds[0], "ratio");
    }

    private static void RunAdamW(Report report, List<Parameter> parameters)
    {
        using var ours = new AdamWOptions().CreateOptimizer(parameters);
        using var theirs = optim.AdamW(parameters);
        using var scope = NewDisposeScope(); // Frees the arrays of the stream.
        var stream = ElementwiseSteps.Stream(parameters.Sum(parameter => parameter.numel()), measured: 0, states: 2);
        var seconds = SideBySide.Medians(Budget, SideBySide.Repeat(() => ours.step()), SideBySide.Repeat(() => theirs.step()), stream);
        report.Compare("adamw_step", seconds[0], seconds[1], "s");
        report.Add("adamw_step_vs_stream", seconds[0] / seconds[2], "ratio");
    }
}
