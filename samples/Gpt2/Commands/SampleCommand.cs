using System.CommandLine;
using Focus;
using Samples;

namespace Gpt2Sample;

/// <summary>Writes text with a model.</summary>
internal static class SampleCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model")
        {
            Description = TrainedModel.Places, HelpName = "path", Required = true,
        };
        var prompt = new Option<string>("--prompt") { Description = "The text to go on with", DefaultValueFactory = _ => "\n" };
        var defaults = new GenerationOptions();
        var tokens = new Option<int>("--tokens")
        {
            Description = "The most tokens to write", DefaultValueFactory = _ => defaults.MaxTokens,
        };
        var temperature = new Option<double>("--temperature")
        {
            Description = "Below 1 likely tokens become likelier; 0 always takes the likeliest", DefaultValueFactory = _ => 0.8,
        };
        var topK = new Option<int?>("--top-k")
        {
            Description = "How many of the likeliest tokens to choose among [default: all]", HelpName = "count",
        };
        var topP = new Option<double>("--top-p")
        {
            Description = "The share of probability to choose among, the likeliest first", DefaultValueFactory = _ => defaults.TopP,
        };
        var seed = new Option<long?>("--seed")
        {
            Description = "Equal seeds give equal texts [default: another each time]", HelpName = "number",
        };
        var command = new Command("sample", "Writes text with a trained model, as it comes.")
        {
            model, prompt, tokens, temperature, topK, topP, seed,
        };
        command.Run((parsed, cancellation) =>
        {
            using var trained = TrainedModel.Load(parsed.GetRequiredValue(model));
            Write(trained, parsed.GetRequiredValue(prompt), new GenerationOptions
            {
                MaxTokens = parsed.GetValue(tokens),
                Temperature = parsed.GetValue(temperature),
                TopK = parsed.GetValue(topK),
                TopP = parsed.GetValue(topP),
                Seed = parsed.GetValue(seed),
                TokenCount = trained.TokenCount,
                StopToken = trained.EndOfText,
                CancellationToken = cancellation,
            });
        });
        return command;
    }

    private static void Write(TrainedModel trained, string prompt, GenerationOptions options)
    {
        Console.Write(prompt);
        var pending = new List<int>();
        foreach (var token in trained.Network.Generate(trained.Tokenizer.EncodeToIds(prompt), options))
        {
            pending.Add(token);
            var text = trained.Tokenizer.Decode(pending);
            if (text.EndsWith('\uFFFD')) continue; // A character's bytes may lie in several tokens.
            Console.Write(text);
            pending.Clear();
        }
        Console.WriteLine(pending.Count > 0 ? trained.Tokenizer.Decode(pending) : "");
    }
}
