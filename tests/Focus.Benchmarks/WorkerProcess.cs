using System.Diagnostics;
using System.Globalization;

namespace Focus.Benchmarks;

/// <summary>This program in another process, which measures on request: a line in, a number out.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process process;

    /// <param name="arguments">What makes it a worker.</param>
    /// <param name="environment">Variables that it has besides those of this process.</param>
    public WorkerProcess(string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        process = Process.Start(start)!;
    }

    /// <summary>Has a request done and returns its number.</summary>
    public double Ask(string request)
    {
        process.StandardInput.WriteLine(request);
        process.StandardInput.Flush();
        var answer = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The worker ended; its errors stand above.");
        return double.Parse(answer, CultureInfo.InvariantCulture);
    }

    /// <summary>Answers the requests of the process that started this one, until it has no more.</summary>
    public static void Serve(Func<string, double> answer)
    {
        while (Console.ReadLine() is { } request) Console.WriteLine(answer(request).ToString("R", CultureInfo.InvariantCulture));
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }
}
