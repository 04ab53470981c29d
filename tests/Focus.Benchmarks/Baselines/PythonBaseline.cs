using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using System.Text.Json;
using TorchSharp;

namespace Focus.Benchmarks.Baselines;

/// <summary>A Python process that does the same work, on request, with the same threads and BLAS settings.</summary>
internal sealed class PythonBaseline : IDisposable
{
    /// <summary>Debian's python3-torch serves the system's interpreter, which need not be the first on PATH.</summary>
    private static readonly string[] Interpreters = ["python3", "/usr/bin/python3"];

    private readonly Process process;

    private PythonBaseline(Process process) => this.process = process;

    /// <summary>Starts a script of this folder, or returns null where neither the python3 on PATH nor the system's has the module it requires.</summary>
    public static PythonBaseline? TryStart(string script, string requires)
        => Interpreters.FirstOrDefault(interpreter => HasModule(interpreter, requires)) is { } interpreter
            ? new PythonBaseline(Process.Start(Python(interpreter, Path.Combine(Folder(), script)))!)
            : null;

    /// <summary>Has one request done and returns its value.</summary>
    public double Ask(object request)
    {
        process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        process.StandardInput.Flush();
        var line = process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException($"The Python baseline ended: {process.StandardError.ReadToEnd()}");
        return JsonDocument.Parse(line).RootElement.GetProperty("value").GetDouble();
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private static bool HasModule(string interpreter, string module)
    {
        try
        {
            using var probe = Process.Start(Python(interpreter, "-c", $"import {module}"))!;
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
        var start = new ProcessStartInfo(interpreter, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment.TryAdd("OMP_NUM_THREADS", torch.get_num_threads().ToString(CultureInfo.InvariantCulture));
        if (Avx2.IsSupported) start.Environment.TryAdd("OPENBLAS_CORETYPE", Avx512F.IsSupported ? "SKYLAKEX" : "HASWELL");
        return start;
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
