using System.Diagnostics;

namespace Focus.Samples.Tests;

/// <summary>Runs a sample as its users do: a process with arguments, an exit code, output and errors.</summary>
internal static class SampleProcess
{
    /// <summary>Runs a sample that must end well and say nothing on standard error; returns its output.</summary>
    /// <param name="name">The sample's assembly, which the tests refer to.</param>
    /// <param name="arguments">The sample's arguments.</param>
    public static string Succeeds(string name, IEnumerable<string> arguments)
    {
        var (code, output, errors) = Run(name, arguments);
        Assert.AreEqual((0, ""), (code, errors));
        return output;
    }

    /// <summary>Runs a sample that must fail with one line on standard error.</summary>
    /// <param name="name">The sample's assembly, which the tests refer to.</param>
    /// <param name="hint">A part of that line.</param>
    /// <param name="arguments">The sample's arguments.</param>
    public static void Refuses(string name, string hint, IEnumerable<string> arguments)
    {
        var (code, _, errors) = Run(name, arguments);
        Assert.AreEqual(1, code);
        Assert.HasCount(1, errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), errors);
        StringAssert.Contains(errors, hint);
    }

    private static (int Code, string Output, string Errors) Run(string name, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, $"{name}.dll"), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Result, errors);
    }
}
