using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public class Gpt2FaultTests
{
    private static readonly Gpt2Config Config = new() { BlockSize = 8, VocabularySize = 10, Layers = 1, Heads = 1, Width = 16 };

    [TestMethod]
    [DataRow(10L, "10")]
    [DataRow(-1L, "-1")]
    public void TokensBeyondTheVocabularyAreNamed(long id, string found)
    {
        using var model = new Gpt2(Config);
        var error = Assert.ThrowsExactly<ArgumentException>(() => model.call(tensor(new long[] { 3, id }, [1, 2])));
        StringAssert.Contains(error.Message, found);
        StringAssert.Contains(error.Message, "0 to 9");
    }

    [TestMethod]
    public void TargetsMayBeIgnoredButNotBeyondTheVocabulary()
    {
        using var model = new Gpt2(Config);
        var tokens = tensor(new long[] { 3, 4 }, [1, 2]);
        Assert.IsTrue(double.IsFinite(model.Loss(tokens, tensor(new long[] { -1, 4 }, [1, 2])).item<float>()));
        Assert.Throws<ArgumentException>(() => model.Loss(tokens, tensor(new long[] { -2, 4 }, [1, 2])));
        Assert.Throws<ArgumentException>(() => model.TokenLosses(tokens, tensor(new long[] { 10, 4 }, [1, 2])));
        Assert.Throws<ArgumentException>(() => model.Loss(tokens, tensor(new long[] { 4 }, [1, 1])));
    }

    [TestMethod]
    public void SequencesLongerThanTheBlockSayBothLengths()
    {
        using var model = new Gpt2(Config);
        var error = Assert.ThrowsExactly<ArgumentException>(() => model.call(zeros(1, 9, dtype: ScalarType.Int64)));
        StringAssert.Contains(error.Message, "9 tokens");
        StringAssert.Contains(error.Message, "at most 8");
    }

    [TestMethod]
    public void TokensOfAnotherTypeOrShapeAreRefused()
    {
        using var model = new Gpt2(Config);
        Assert.ThrowsExactly<ArgumentException>(() => model.call(zeros(1, 4)));
        Assert.ThrowsExactly<ArgumentException>(() => model.call(zeros(4, dtype: ScalarType.Int64)));
        Assert.ThrowsExactly<ArgumentException>(() => model.call(zeros(0, 4, dtype: ScalarType.Int64)));
        var elsewhere = Assert.ThrowsExactly<ArgumentException>(() => model.call(zeros(1, 4, dtype: ScalarType.Int64, device: META)));
        StringAssert.Contains(elsewhere.Message, "meta");
    }

    [TestMethod]
    public void ConfigurationsOutOfRangeAreRefused()
    {
        Gpt2Config[] broken =
        [
            Config with { BlockSize = 0 }, Config with { VocabularySize = 0 }, Config with { Layers = 0 }, Config with { Heads = 0 },
            Config with { Width = 0 }, Config with { Width = 1 << 29 }, Config with { Width = 1 << 28, Layers = 1000 },
            Config with { Heads = 3 }, Config with { Dropout = 1 }, Config with { Dropout = double.NaN },
        ];
        foreach (var config in broken) Assert.Throws<ArgumentException>(() => new Gpt2(config), config.ToString());
    }
}
