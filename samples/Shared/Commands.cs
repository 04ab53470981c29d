using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.Json;

namespace Samples;

/// <summary>Runs the commands of a sample: an error is one line on standard error and an exit code other than 0.</summary>
internal static class Commands
{
    private const int Failed = 1, Interrupted = 130;

    extension(Command command)
    {
        /// <summary>Sets what the command does.</summary>
        /// <param name="run">The work.</param>
        /// <param name="interrupted">The message after Ctrl-C.</param>
        public void Run(Action<ParseResult, CancellationToken> run, string interrupted = "interrupted.") =>
            command.SetAction((parsed, cancellation) => Task.Run(() =>
            {
                try
                {
                    run(parsed, cancellation);
                    return 0;
                }
                catch (OperationCanceledException)
                {
                    Console.Error.WriteLine($"{Title(command)}: {interrupted}");
                    return Interrupted;
                }
                catch (Exception fault) when (fault
                    is ArgumentException or FormatException or InvalidOperationException or IOException or InvalidDataException
                    or UnauthorizedAccessException or JsonException or ArithmeticException or NotSupportedException or HttpRequestException
                    or DllNotFoundException)
                {
                    Console.Error.WriteLine($"{Title(command)}: {Message(command, fault)}");
                    return Failed;
                }
            }));

        /// <summary>Parses a command line and runs the command that it names.</summary>
        /// <returns>The exit code.</returns>
        public Task<int> RunAsync(string[] arguments)
        {
            var parsed = command.Parse(arguments);
            if (parsed.Action is ParseErrorAction)
            {
                foreach (var error in parsed.Errors) Console.Error.WriteLine($"{Title(command)}: {Line(error.Message)}");
                return Task.FromResult(Failed);
            }
            // After Ctrl-C a command finishes what it computes and saves, which may take longer than the default of two seconds.
            return parsed.InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromMinutes(10) });
        }
    }

    /// <summary>The option of a setting: <c>--learning-rate</c> for LearningRate.</summary>
    public static string OptionName(string setting) =>
        $"--{JsonNamingPolicy.KebabCaseLower.ConvertName(setting.Replace("BFloat", "Bfloat", StringComparison.Ordinal))}";

    private static string Title(Command command) =>
        command is RootCommand ? RootCommand.ExecutableName : $"{RootCommand.ExecutableName} {command.Name}";

    /// <summary>The message of an error; a setting of the library that is an option of the command is called by the option's name.</summary>
    private static string Message(Command command, Exception fault)
    {
        var message = Line(fault.Message);
        if (fault is not ArgumentException { ParamName: { } parameter }) return message;
        var option = OptionName(parameter.Split('.')[^1]).Replace("--max-", "--", StringComparison.Ordinal);
        var known = command.Options.FirstOrDefault(known => known.Name == option || known.Name == $"{option}s")?.Name;
        if (known is null) return message;
        return message.StartsWith($"{parameter} ", StringComparison.Ordinal) ? known + message[parameter.Length..] : $"{known}: {message}";
    }

    /// <summary>A message on one line, without the name of the parameter that .NET appends.</summary>
    private static string Line(string message) => message.Split(" (Parameter ")[0].Trim().ReplaceLineEndings(" ");
}
