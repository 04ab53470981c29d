using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Spectre.Console;

[assembly: DoNotParallelize] // The samples write to the process's console.

namespace Focus.Samples.Tests;

/// <summary>Runs a sample as its users do, with arguments, an exit code, output and errors: its entry point in this process, or a process.</summary>
[TestClass]
public static class Sample
{
    /// <summary>Threads of the pool keep the number of torch's threads from their first operation on: all tests share one, so that a scan, which
    /// sets one, gives the same bits as in a process of its own.</summary>
    [AssemblyInitialize]
    public static void KeepToOneThread(TestContext _) => TorchThreads.UseOne();

    /// <summary>Runs a sample that must succeed and write nothing to standard error; returns its output.</summary>
    /// <param name="name">The sample's assembly, which the tests reference.</param>
    /// <param name="arguments">The sample's arguments.</param>
    public static string Succeeds(string name, params string[] arguments)
    {
        var (code, output, errors) = Run(name, arguments);
        Assert.AreEqual((0, ""), (code, errors));
        return output;
    }

    /// <summary>Runs a sample that must fail with one line on standard error; returns its output.</summary>
    /// <param name="name">The sample's assembly, which the tests reference.</param>
    /// <param name="hint">A part of that line.</param>
    /// <param name="arguments">The sample's arguments.</param>
    public static string Refuses(string name, string hint, params string[] arguments)
    {
        var (code, output, errors) = Run(name, arguments);
        Assert.AreEqual(1, code);
        Assert.HasCount(1, errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), errors);
        StringAssert.Contains(errors, hint);
        return output;
    }

    /// <summary>The bytes of a file, without the identifiers in SVG, which count the pictures that a process draws.</summary>
    public static byte[] Content(string path) => Path.GetExtension(path) == ".svg"
        ? Encoding.UTF8.GetBytes(Regex.Replace(File.ReadAllText(path), "(cl|img)_[0-9a-f]+", "$1")) : File.ReadAllBytes(path);

    /// <summary>Starts a sample as a process, presses Ctrl-C a second after its output has a text, and returns its errors.</summary>
    public static string Interrupts(string name, string text, string[] arguments)
    {
        using var process = Start(name, arguments);
        while (process.StandardOutput.ReadLine() is { } line && !line.Contains(text, StringComparison.Ordinal)) { }
        Thread.Sleep(TimeSpan.FromSeconds(1));
        Process.Start("kill", ["-INT", $"{process.Id}"]).WaitForExit();
        process.StandardOutput.ReadToEnd();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(130, process.ExitCode, errors);
        return errors;
    }

    /// <summary>Starts a sample as a process, with its output and errors redirected.</summary>
    public static Process Start(string name, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, $"{name}.dll"), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (variable, value) in environment) start.Environment[variable] = value;
        return Process.Start(start)!;
    }

    private static (int Code, string Output, string Errors) Run(string name, string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var errors = new StringWriter { NewLine = "\n" };
        var (console, standardOutput, standardError) = (AnsiConsole.Console, Console.Out, Console.Error);
        Console.SetOut(output);
        Console.SetError(errors);
        AnsiConsole.Console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(output), Ansi = AnsiSupport.No });
        try
        {
            var code = (int)Assembly.Load(name).EntryPoint!.Invoke(null, [arguments])!;
            return (code, output.ToString(), errors.ToString());
        }
        finally
        {
            Console.SetOut(standardOutput);
            Console.SetError(standardError);
            AnsiConsole.Console = console;
        }
    }
}
