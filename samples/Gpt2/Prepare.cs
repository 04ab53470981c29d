using System.CommandLine;
using Focus;
using Samples;
using static System.FormattableString;

namespace Gpt2Sample;

/// <summary>Turns text into tokens.</summary>
internal static class PrepareCommand
{
    private const string Gpt2 = "gpt2", Characters = "characters";

    /// <summary>The share of a corpus's end that nanoGPT validates on.</summary>
    private const double TailShare = 0.1;

    public static Command Create()
    {
        Option<string[]> text = new("--text")
        {
            Description = "Text files, folders or patterns such as corpus/**/*.txt", HelpName = "path", AllowMultipleArgumentsPerToken = true,
        };
        Option<bool> perLine = new("--per-line") { Description = "Each line of --text is a document, not each file" };
        Option<string?> openWebText = new("--openwebtext")
        {
            Description = "A corpus with a column or field text: parquet, JSON, archives, compressed or not", HelpName = "path",
        };
        Option<string> tokenizer = new("--tokenizer")
        {
            Description = "GPT-2's byte pairs, or the characters of the text", DefaultValueFactory = _ => Gpt2,
        };
        tokenizer.TakeOnly(Gpt2, Characters);
        Option<ValidationSplit?> split = new("--split")
        {
            Description = "Validate on documents drawn at random, or on the corpus's end [default: documents; tail with characters]",
        };
        split.TakeOnly(Commands.NamesOf(typeof(ValidationSplit)));
        Option<double?> share = new("--validation-share")
        {
            Description = "The share to validate on [default: 0.0005 of the documents, 0.1 of the end]", HelpName = "number",
        };
        Option<long> seed = new("--seed") { Description = "Seed of the drawing of documents", DefaultValueFactory = _ => 0 };
        Option<string> output = new("--out") { Description = "Folder of train.bin, val.bin and meta.json", HelpName = "folder", Required = true };
        Option<bool> restart = new("--restart") { Description = "Discards what --out holds of an earlier preparation" };
        var command = new Command("prepare", "Turns a corpus into files of tokens, on all cores.")
        {
            text, perLine, openWebText, tokenizer, split, share, seed, output, restart,
        };
        command.Run(
            (parsed, cancellation) =>
            {
                var documents = (parsed.GetValue(text) ?? [], parsed.GetValue(openWebText)) switch
                {
                    ([], { } path) => TextDocuments.FromOpenWebText(path),
                    ([_, ..] paths, null) => TextDocuments.FromFiles(paths, parsed.GetValue(perLine)),
                    _ => throw new ArgumentException("Give one of --text and --openwebtext."),
                };
                var byCharacters = parsed.GetValue(tokenizer) == Characters;
                var drawsOrEnd = parsed.GetValue(split) ?? (byCharacters ? ValidationSplit.Tail : ValidationSplit.Documents);
                RefuseWithout("--text", parsed.GetValue(openWebText) is null, perLine, parsed);
                RefuseWithout("--split documents", drawsOrEnd == ValidationSplit.Documents, seed, parsed);
                var options = new CorpusPreparationOptions
                {
                    Output = parsed.GetRequiredValue(output),
                    Split = drawsOrEnd,
                    Seed = parsed.GetValue(seed),
                    Separator = byCharacters ? null : Gpt2Tokens.EndOfText,
                    Restart = parsed.GetValue(restart),
                    Broken = document => Console.Error.WriteLine($"Gpt2 prepare: skipped {document}"),
                };
                if ((parsed.GetValue(share) ?? (options.Split == ValidationSplit.Tail ? TailShare : null)) is { } validation)
                    options = options with { ValidationShare = validation };
                var tokens = byCharacters ? NamedTokenizer.Characters(CharacterTokenizer.Learn(documents, cancellation)) : NamedTokenizer.Gpt2();
                var corpus = Bars.Show(bars =>
                    CorpusPreparation.Run(documents, tokens, options, bars.Add<PreparationProgress>("Tokens", Show), cancellation));
                Report(corpus);
            },
            "interrupted. Finished work is kept; run the same command again to resume.");
        return command;
    }

    /// <summary>Refuses an option that the command line gives without what it is for.</summary>
    private static void RefuseWithout(string needed, bool hasIt, Option option, ParseResult parsed)
    {
        if (!hasIt && parsed.GetResult(option) is { Implicit: false }) throw new ArgumentException($"{option.Name} needs {needed}; omit it.");
    }

    private static (double Done, double? Total, string Remark) Show(PreparationProgress value)
    {
        var counts = Invariant($"{value.Documents:N0} documents, {value.Tokens:N0} tokens, {value.TokensPerSecond:N0} tokens/s");
        return (value.SourceLength is null ? 0 : value.SourcePosition, value.SourceLength, value.Resuming ? $"(resuming) {counts}" : counts);
    }

    private static void Report(PreparedCorpus corpus)
    {
        var broken = corpus.BrokenDocuments > 0 ? Invariant($" ({corpus.BrokenDocuments:N0} broken ones skipped)") : "";
        var documents = Invariant($"{corpus.Documents:N0} document{(corpus.Documents == 1 ? "" : "s")}{broken}, {corpus.TextBytes:N0} bytes");
        Console.WriteLine(Invariant($"{documents}, {corpus.VocabularySize:N0} different tokens"));
        Console.WriteLine(Invariant($"{corpus.TrainTokens:N0} tokens to train on, {corpus.ValidationTokens:N0} to validate on, in {corpus.Folder}"));
    }
}
