using System.CommandLine;
using Focus;
using Samples;
using Spectre.Console;
using static System.FormattableString;

namespace Gpt2Sample;

/// <summary>Makes tokens of text.</summary>
internal static class PrepareCommand
{
    private const string Gpt2 = "gpt2", Characters = "characters";

    /// <summary>The share that nanoGPT keeps of a corpus's end.</summary>
    private const double TailShare = 0.1;

    public static Command Create()
    {
        var text = new Option<string[]>("--text")
        {
            Description = "Text files, folders or patterns such as corpus/**/*.txt",
            HelpName = "path",
            AllowMultipleArgumentsPerToken = true,
        };
        var perLine = new Option<bool>("--per-line") { Description = "Each line of --text is a document, not each file" };
        var openWebText = new Option<string?>("--openwebtext")
        {
            Description = "OpenWebText as it is distributed: archives, or JSON lines with a field text", HelpName = "path",
        };
        var tokenizer = new Option<string>("--tokenizer")
        {
            Description = "GPT-2's byte pairs, or the characters of the text", DefaultValueFactory = _ => Gpt2,
        };
        tokenizer.AcceptOnlyFromAmong(Gpt2, Characters);
        var split = new Option<ValidationSplit?>("--split")
        {
            Description = "Validate on documents drawn at random, or on the corpus's end [default: documents; tail with characters]",
            HelpName = "documents|tail",
        };
        split.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, Enum.GetNames<ValidationSplit>());
        var share = new Option<double?>("--validation-share")
        {
            Description = "The share to validate on [default: 0.0005 of the documents, 0.1 of the end]", HelpName = "number",
        };
        var seed = new Option<long>("--seed") { Description = "Seeds the drawing of documents", DefaultValueFactory = _ => 0 };
        var output = new Option<string>("--out")
        {
            Description = "Folder of train.bin, val.bin and meta.json", HelpName = "folder", Required = true,
        };
        var restart = new Option<bool>("--restart") { Description = "Throw away what --out holds of an earlier preparation" };
        var command = new Command("prepare", "Makes files of tokens from a corpus, on all cores.")
        {
            text, perLine, openWebText, tokenizer, split, share, seed, output, restart,
        };
        command.Run(
            (parsed, cancellation) =>
            {
                var documents = Find(parsed.GetValue(text) ?? [], parsed.GetValue(openWebText), parsed.GetValue(perLine));
                var byCharacters = parsed.GetValue(tokenizer) == Characters;
                var how = parsed.GetValue(split) ?? (byCharacters ? ValidationSplit.Tail : ValidationSplit.Documents);
                var options = new CorpusPreparationOptions
                {
                    Output = parsed.GetRequiredValue(output),
                    Split = how,
                    Seed = parsed.GetValue(seed),
                    Separator = byCharacters ? null : Gpt2Tokens.EndOfText,
                    Restart = parsed.GetValue(restart),
                    Broken = document => Console.Error.WriteLine($"Gpt2 prepare: left out {document}"),
                };
                if (parsed.GetValue(share) is { } given) options = options with { ValidationShare = given };
                else if (how == ValidationSplit.Tail) options = options with { ValidationShare = TailShare };
                var tokenizing = byCharacters
                    ? NamedTokenizer.Characters(CharacterTokenizer.Learn(documents, cancellation)) : NamedTokenizer.Gpt2();
                Report(Prepare(documents, tokenizing, options, cancellation));
            },
            "interrupted. What is done is kept; the same command goes on from there.");
        return command;
    }

    private static TextDocuments Find(string[] text, string? openWebText, bool perLine) => (text, openWebText) switch
    {
        ([], { } path) => TextDocuments.FromOpenWebText(path),
        ([_, ..], null) => TextDocuments.FromFiles(text, perLine),
        _ => throw new ArgumentException("Give one of --text and --openwebtext."),
    };

    private static PreparedCorpus Prepare(
        TextDocuments documents, NamedTokenizer tokenizer, CorpusPreparationOptions options, CancellationToken cancellation) =>
        AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context => CorpusPreparation.Run(documents, tokenizer, options, new Bar(context.AddTask("Tokens")), cancellation));

    private static void Report(PreparedCorpus corpus)
    {
        var broken = corpus.BrokenDocuments > 0 ? Invariant($" ({corpus.BrokenDocuments:N0} left out as broken)") : "";
        var text = Invariant($"{corpus.Documents:N0} documents{broken}, {corpus.TextBytes:N0} bytes");
        AnsiConsole.WriteLine(Invariant($"{text}, {corpus.VocabularySize:N0} different tokens"));
        var tokens = Invariant($"{corpus.TrainTokens:N0} tokens to train on, {corpus.ValidationTokens:N0} to validate on");
        AnsiConsole.WriteLine($"{tokens}, in {corpus.Folder}");
    }

    private sealed class Bar(ProgressTask task) : IProgress<PreparationProgress>
    {
        public void Report(PreparationProgress value)
        {
            if (value.SourceLength is { } length) (task.MaxValue, task.Value) = (length, value.SourcePosition);
            var state = value.Resuming ? "Finding the place: " : "";
            var done = Invariant($"{value.Documents:N0} documents, {value.Tokens:N0} tokens");
            task.Description = Invariant($"{state}{done}, {value.TokensPerSecond:N0} tokens/s");
        }
    }
}
