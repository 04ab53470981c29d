using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Benchmarks;

/// <summary>A step of every element-wise optimizer but FOCUS and AdamW, beside a kernel that streams as much memory, and beside TorchSharp's
/// optimizer where there is one.</summary>
internal static class ElementwiseSteps
{
    private const double Budget = 4;

    /// <summary>The optimizers, with the arrays that their first pass reads (0 where there is one pass), and the arrays of state.</summary>
    private static readonly (string Name, OptimizerSettings Settings, int Measured, int States, Func<IEnumerable<Parameter>, OptimizerHelper>? Peer)[] Steps =
    [
        ("signum", new SignumOptions(), 0, 1, null),
        ("lion", new LionOptions(), 0, 1, null),
        ("sgd", new SgdOptions(), 0, 1, parameters => optim.SGD(parameters, 1e-2, momentum: 0.9, nesterov: true)),
        ("sgd_sai", new SgdSaiOptions(), 0, 1, null),
        ("nadam", new NAdamOptions(), 0, 2, parameters => optim.NAdam(parameters)),
        ("radam", new RAdamOptions(), 0, 2, parameters => optim.RAdam(parameters)),
        ("adabelief", new AdaBeliefOptions(), 0, 2, null),
        ("exadam", new EXAdamOptions(), 0, 2, null),
        ("sophia_g", new SophiaGOptions(), 0, 2, null),
        ("schedule_free_adamw", new ScheduleFreeAdamWOptions(), 0, 2, null),
        ("ademamix", new AdEMAMixOptions(), 0, 3, null),
        ("cautious_lion", new CautiousLionOptions(), 2, 1, null),
        ("cautious_adamw", new CautiousAdamWOptions(), 2, 2, null),
        ("adam_mini", new AdamMiniOptions(), 1, 1, null),
        ("sgdp", new SgdpOptions(), 3, 1, null),
        ("lamb", new LambOptions(), 4, 2, null),
        ("adamp", new AdamPOptions(), 4, 2, null),
        ("mars", new MarsOptions { Auxiliary = null }, 2, 3, null),
        ("adahessian", new AdaHessianOptions(), 1, 3, null),
        ("adam8bit", new Adam8BitOptions(), 1, 0, null),
        ("adafactor", new AdafactorOptions(), 2, 0, null),
    ];

    public static void Run(Report report, List<Parameter> parameters)
    {
        var elements = parameters.Sum(parameter => parameter.numel());
        foreach (var (name, settings, measured, states, peer) in Steps)
        {
            using var scope = NewDisposeScope(); // Frees the arrays of the stream.
            using var optimizer = settings.CreateOptimizer(parameters.Select(parameter => new ParameterGroup([parameter])));
            Step(); // What is decided at the first step only is not measured.
            using var other = peer?.Invoke(parameters);
            List<Func<int, double>> sides = [Stream(elements, measured, states), SideBySide.Repeat(Step)];
            if (other is not null) sides.Add(SideBySide.Repeat(() => other.step()));
            var seconds = SideBySide.Medians(Budget, [.. sides]);
            if (other is null) report.Add($"{name}_step", seconds[1], "s");
            else report.Compare($"{name}_step", seconds[1], seconds[2], "s");
            report.Add($"{name}_step_vs_stream", seconds[1] / seconds[0], "ratio");

            void Step()
            {
                (optimizer as ICurvatureOptimizer)?.Take(_ => null); // The estimate stays as it is.
                optimizer.step();
            }
        }
    }

    /// <summary>The floor of a step: a pass that reads arrays, where there is one, and a pass that reads the gradient and reads and writes the
    /// parameters and the states, with one addition for each.</summary>
    public static unsafe Func<int, double> Stream(long elements, int measured, int states)
    {
        const int chunk = 1 << 16;
        var arrays = Enumerable.Range(0, Math.Max(measured, states + 2)).Select(_ => ones(elements)).ToList();
        var addresses = arrays.Select(a => (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(a.bytes))).ToArray();
        return SideBySide.Repeat(() =>
        {
            if (measured > 0) InChunks((start, length) => Sum(addresses.AsSpan(0, measured), start, length));
            InChunks((start, length) => Add(addresses.AsSpan(0, states + 1), (float*)addresses[states + 1], start, length));
            GC.KeepAlive(arrays);
        });

        void InChunks(Action<long, int> action)
            => Parallel.For(0, (int)((elements + chunk - 1) / chunk), index => action((long)index * chunk, (int)Math.Min(chunk, elements - (long)index * chunk)));

        static void Sum(ReadOnlySpan<nint> sources, long start, int length)
        {
            var sum = Vector<float>.Zero;
            for (var i = 0; i + Vector<float>.Count <= length; i += Vector<float>.Count)
                foreach (var source in sources) sum += Vector.Load((float*)source + start + i);
            if (sum == Vector<float>.Zero) throw new InvalidOperationException("The arrays hold ones.");
        }

        static void Add(ReadOnlySpan<nint> targets, float* summands, long start, int length)
        {
            for (var i = 0; i + Vector<float>.Count <= length; i += Vector<float>.Count)
            {
                var summand = Vector.Load(summands + start + i);
                foreach (var target in targets)
                {
                    var address = (float*)target + start + i;
                    (Vector.Load(address) + summand).Store(address);
                }
            }
        }
    }
}
