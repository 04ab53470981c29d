using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Samples;

/// <summary>Runs commands of a sample: what goes wrong is one line of standard error, and an exit code other than 0.</summary>
internal static partial class Commands
{
    private const int Failed = 1, Interrupted = 130;

    extension(Command command)
    {
        /// <summary>Says what the command does.</summary>
        /// <param name="run">What it does.</param>
        /// <param name="interrupted">What to say after Ctrl-C.</param>
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
                    Console.Error.WriteLine($"{Title(command)}: {WithOptions(command, Line(fault.Message))}");
                    return Failed;
                }
            }));
    }

    extension(ParseResult parsed)
    {
        /// <summary>Runs the command that was parsed. After Ctrl-C it may end the work under way and keep its results, which takes
        /// longer than the two seconds after which a process is ended otherwise.</summary>
        public Task<int> RunAsync() => parsed.InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromMinutes(10) });
    }

    /// <summary>A message without line breaks, and without the parameter's name that an argument's fault ends in.</summary>
    public static string Line(string message) => message.Split(" (Parameter ")[0].Trim().ReplaceLineEndings(" ");

    private static string Title(Command command) =>
        command is RootCommand ? RootCommand.ExecutableName : $"{RootCommand.ExecutableName} {command.Name}";

    /// <summary>Writes settings that a message of the library names as the command's options, where it has them for one value or for several.</summary>
    private static string WithOptions(Command command, string message) => Setting().Replace(message, setting =>
    {
        var option = $"--{JsonNamingPolicy.KebabCaseLower.ConvertName(setting.Groups["name"].Value)}";
        return command.Options.FirstOrDefault(known => known.Name == option || known.Name == $"{option}s")?.Name ?? setting.Value;
    });

    [GeneratedRegex(@"\b([A-Z]\w*\.)?(Max)?(?<name>[A-Z]\w*)(?= is | holds |\))")]
    private static partial Regex Setting();
}
