using System.CommandLine;
using System.Text.Json;
using Focus;

namespace Gpt2Sample;

/// <summary>Makes one line of what goes wrong.</summary>
internal static class Faults
{
    private const int Failed = 1, Interrupted = 130;

    extension(Command command)
    {
        /// <summary>Runs the command; its faults are one line of standard error, and an exit code other than 0.</summary>
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
                    Console.Error.WriteLine($"Gpt2 {command.Name}: {interrupted}");
                    return Interrupted;
                }
                catch (Exception fault) when (fault
                    is ArgumentException or FormatException or InvalidOperationException or IOException or InvalidDataException
                    or UnauthorizedAccessException or JsonException or TrainingDivergedException or NotSupportedException)
                {
                    Console.Error.WriteLine($"Gpt2 {command.Name}: {Line(fault.Message)}");
                    return Failed;
                }
            }));
    }

    /// <summary>A message without line breaks, and without the parameter's name that an argument's fault ends in.</summary>
    public static string Line(string message) => message.Split(" (Parameter ")[0].Trim().ReplaceLineEndings(" ");
}
