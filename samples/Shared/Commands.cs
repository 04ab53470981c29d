using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
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
                    or DllNotFoundException or OutOfMemoryException or ExternalException)
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
                // Words that are unknown may only follow from what is wrong with an option.
                var ofOptions = parsed.Errors.Where(error => error.SymbolResult is OptionResult or ArgumentResult).ToArray();
                var errors = ofOptions.Length == 0 && parsed.UnmatchedTokens is [_, ..] unknown
                    ? [$"There is no '{string.Join(' ', unknown)}'; --help lists what there is."]
                    : (ofOptions.Length > 0 ? ofOptions : parsed.Errors).Select(error => Line(error.Message));
                foreach (var error in errors) Console.Error.WriteLine($"{Title(parsed.CommandResult.Command)}: {error}");
                return Task.FromResult(Failed);
            }
            // After Ctrl-C a command finishes what it computes and saves, which may take longer than the default of two seconds.
            return parsed.InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromMinutes(10) });
        }
    }

    /// <summary>Lets an option take only some values; names of an enum's values are taken in any case.</summary>
    public static void TakeOnly(this Option option, params string[] values)
    {
        var comparer = option.ValueType == typeof(string) ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;
        option.HelpName = string.Join('|', values);
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => !values.Contains(token.Value, comparer)))
                result.AddError($"{option.Name} is {token.Value}; valid is {string.Join(", ", values)}.");
        });
    }

    /// <summary>The names of an enum's values on command lines.</summary>
    public static string[] NamesOf(Type type) => [.. Enum.GetNames(type).Select(name => name.ToLowerInvariant())];

    /// <summary>The option of a setting: <c>--learning-rate</c> for LearningRate.</summary>
    public static string OptionName(string setting) =>
        $"--{JsonNamingPolicy.KebabCaseLower.ConvertName(setting.Replace("BFloat", "Bfloat", StringComparison.Ordinal))}";

    private static string Title(Command command) =>
        command is RootCommand ? RootCommand.ExecutableName : $"{RootCommand.ExecutableName} {command.Name}";

    /// <summary>The message of an error; a setting of the library that is an option of the command is called by the option's name.</summary>
    private static string Message(Command command, Exception fault)
    {
        if (fault is OutOfMemoryException) return "There is not enough memory."; // .NET's own message only repeats the type.
        var message = Line(fault.Message);
        if (fault is not ArgumentException { ParamName: { } parameter }) return message;
        var option = OptionName(parameter.Split('.')[^1]).Replace("--max-", "--", StringComparison.Ordinal);
        var known = command.Options.FirstOrDefault(known => known.Name == option || known.Name == $"{option}s")?.Name;
        if (known is null) return message;
        return message.StartsWith($"{parameter} ", StringComparison.Ordinal) ? known + message[parameter.Length..] : $"{known}: {message}";
    }

    /// <summary>A message on one line, without the name of the parameter that .NET appends and the stack trace that libtorch appends.</summary>
    private static string Line(string message) =>
        message.Split([" (Parameter ", "\nException raised from ", "\nframe #0: "], StringSplitOptions.None)[0].Trim().ReplaceLineEndings(" ");
}
