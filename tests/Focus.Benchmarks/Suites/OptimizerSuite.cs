using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Focus.Benchmarks.Baselines;
using Focus.Benchmarks.Harness;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Benchmarks.Suites;

/// <summary>One optimizer step over tensors shaped as GPT-2 small's, beside a streaming kernel over as much memory and PyTorch's AdamW.</summary>
internal sealed class OptimizerSuite : ISuite
{
    private const double Budget = 20;

    /// <summary>GPT-2 small without biases: 12 layers of width 768, 1024 positions, 50304 tokens; 124 M parameters.</summary>
    private static readonly long[][] Shapes =
    [
        [50304, 768], [1024, 768], [768],
        .. Enumerable.Repeat<long[][]>([[768], [2304, 768], [768, 768], [768], [3072, 768], [768, 3072]], 12).SelectMany(layer => layer),
    ];

    public string Name => "optimizers";

    public void Run(BenchmarkReport report)
    {
        using var torch = PythonBaseline.TryStart("torch_baseline.py", requires: "torch");
        var parameters = Shapes.Select(shape => new Parameter(full(shape, 0.5f))).ToList();
        foreach (var parameter in parameters) parameter.grad = full(parameter.shape, 1e-3f);
        var elements = parameters.Sum(p => p.numel());
        report.Add("parameters", elements, "count");

        var stream = Step(report, parameters, new FocusOptions { WeightDecay = 0.1 }, Stream(elements));
        report.Add("stream_seconds", stream.Other, "s");
        report.Add("stream_bandwidth", 28.0 * elements / stream.Other / 1e9, "GB/s");
        report.Add("focus_step_vs_stream", stream.Ours / stream.Other, "ratio");
        Step(report, parameters, new SignumOptions { WeightDecay = 0.1 }, null);
        if (torch is null) report.Note("no python3 with torch: adamw_step_vs_torch is left out");
        
        var adamW = Step(report, parameters, new AdamWOptions(), torch is null ? null : repeats => torch.Ask(new { @do = "adamw", shapes = Shapes, repeats }));
        if (torch is null) return;
        report.Add("torch_adamw_step_seconds", adamW.Other, "s");
        report.Add("adamw_step_vs_torch", adamW.Ours / adamW.Other, "ratio");
    }

    private static (double Ours, double Other) Step(BenchmarkReport report, List<Parameter> parameters, OptimizerOptions options, Func<int, double>? other)
    {
        using var optimizer = options.CreateOptimizer(parameters);
        var ours = SideBySide.Repeat(() => optimizer.step());
        var medians = other is null ? SideBySide.Medians(Budget, ours) : SideBySide.Medians(Budget, ours, other);
        report.Add($"{options.Name.ToLowerInvariant()}_step_seconds", medians[0], "s");
        return (medians[0], medians[^1]);
    }

    /// <summary>The floor of a step with two state tensors: reads four arrays and writes three, with one addition for each.</summary>
    private static unsafe Func<int, double> Stream(long elements)
    {
        const int chunk = 1 << 16;
        var arrays = Enumerable.Range(0, 4).Select(_ => full([elements], 0.5f)).ToList();
        var addresses = arrays.Select(a => (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(a.bytes))).ToArray();
        return SideBySide.Repeat(() =>
        {
            Parallel.For(0, (int)(elements / chunk), index => Add(addresses, (long)index * chunk, chunk));
            Add(addresses, elements / chunk * chunk, (int)(elements % chunk));
            GC.KeepAlive(arrays);
        });

        static void Add(nint[] addresses, long start, int length)
        {
            float* a = (float*)addresses[0] + start, b = (float*)addresses[1] + start, c = (float*)addresses[2] + start, d = (float*)addresses[3] + start;
            for (var i = 0; i + Vector<float>.Count <= length; i += Vector<float>.Count)
            {
                var summand = Vector.Load(d + i);
                (Vector.Load(a + i) + summand).Store(a + i);
                (Vector.Load(b + i) + summand).Store(b + i);
                (Vector.Load(c + i) + summand).Store(c + i);
            }
        }
    }
}
