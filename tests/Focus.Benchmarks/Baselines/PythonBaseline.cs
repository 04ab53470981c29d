using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Focus.Benchmarks.Harness;
using TorchSharp;

namespace Focus.Benchmarks.Baselines;

/// <summary>A Python process that does the same work, on request, with the same threads and BLAS settings.</summary>
internal sealed class PythonBaseline : WorkerProcess
{
    /// <summary>Debian's python3-torch serves the system's interpreter, which need not be the first on PATH.</summary>
    private static readonly string[] Interpreters = ["python3", "/usr/bin/python3"];

    private PythonBaseline(ProcessStartInfo start) : base(start)
    {
    }

    /// <summary>Starts a script of this folder, or returns null where neither the python3 on PATH nor the system's has the module it requires.</summary>
    public static PythonBaseline? TryStart(string script, string requires)
        => Interpreters.FirstOrDefault(interpreter => HasModule(interpreter, requires)) is { } interpreter
            ? new PythonBaseline(Python(interpreter, Path.Combine(Folder(), script)))
            : null;

    private static bool HasModule(string interpreter, string module)
    {
        try
        {
            using var probe = Process.Start(Redirected(Python(interpreter, "-c", $"import {module}")))!;
            probe.WaitForExit();
            return probe.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static ProcessStartInfo Python(string interpreter, params string[] arguments)
    {
        var start = new ProcessStartInfo(interpreter, arguments);
        start.Environment.TryAdd("OMP_NUM_THREADS", torch.get_num_threads().ToString(CultureInfo.InvariantCulture));
        if (Avx2.IsSupported) start.Environment.TryAdd("OPENBLAS_CORETYPE", Avx512F.IsSupported ? "SKYLAKEX" : "HASWELL");
        return start;
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
