using System.Diagnostics;
using System.Text.Json;

namespace Focus.Benchmarks.Harness;

/// <summary>A process that does work on request: one JSON object per line in, one with a value per line out.</summary>
internal class WorkerProcess(ProcessStartInfo start) : IDisposable
{
    private readonly Process process = Process.Start(Redirected(start))!;

    /// <summary>Has one request done and returns its value.</summary>
    public double Ask(object request)
    {
        process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        process.StandardInput.Flush();
        var line = process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException($"The worker '{process.StartInfo.FileName}' ended: {process.StandardError.ReadToEnd()}");
        return JsonDocument.Parse(line).RootElement.GetProperty("value").GetDouble();
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    protected static ProcessStartInfo Redirected(ProcessStartInfo start)
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        return start;
    }
}
