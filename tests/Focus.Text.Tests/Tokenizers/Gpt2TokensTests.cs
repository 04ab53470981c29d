using Focus.Tests;

namespace Focus.Text.Tests.Tokenizers;

[TestClass]
public class Gpt2TokensTests
{
    [TestMethod]
    public void TheLastTokenEndsAText()
    {
        var tokenizer = Gpt2Tokenizer.Require();
        Assert.AreEqual("<|endoftext|>", tokenizer.Decode([Gpt2Tokens.EndOfText]));
        Assert.AreEqual("", tokenizer.Decode([Gpt2Tokens.Count]));
        Assert.AreNotEqual("", tokenizer.Decode([Gpt2Tokens.Count - 1]));
    }
}
