using Microsoft.ML.Tokenizers;

namespace Focus.Tests;

/// <summary>GPT-2's tokenizer for tests, which are inconclusive (shown as skipped) where its vocabulary is absent.</summary>
internal static class Gpt2Tokenizer
{
    private static readonly Lazy<TiktokenTokenizer?> _tokenizer = new(Create);

    public static TiktokenTokenizer Require()
    {
        if (_tokenizer.Value is null) Assert.Inconclusive("Skipped: GPT-2's vocabulary is not there; './build.sh setup' fetches it.");
        return _tokenizer.Value;
    }

    private static TiktokenTokenizer? Create()
    {
        try
        {
            return TiktokenTokenizer.CreateForModel("gpt2");
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
