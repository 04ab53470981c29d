using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public sealed class Gpt2GeneratorTests
{
    private static readonly Gpt2Config Config = new() { BlockSize = 12, VocabularySize = 29, Layers = 3, Heads = 2, Width = 16, Dropout = 0.5 };
    private static readonly int[] Prompt = [3, 1, 4, 1, 5];

    [TestMethod]
    [DataRow(false, true, true)]
    [DataRow(true, false, false)]
    public void Logits_equal_those_of_the_whole_forward_however_the_text_arrives(bool bias, bool scaled, bool tied)
    {
        using var model = Model(Config with { Bias = bias, ScaleAttentionByInverseLayerIndex = scaled, TiedHead = tied });
        int[] text = [7, 28, 0, 3, 3, 9, 11, 2, 25, 13, 1, 8];
        foreach (var lengths in new int[][] { [12], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [4, 1, 1, 5, 1] })
        {
            using var decoder = new Gpt2Generator.Decoder(model, capacity: 12);
            foreach (var length in lengths)
            {
                var logits = decoder.Append(text.AsSpan(decoder.Length, length));
                AssertClose(WholeForward(model, text[..decoder.Length]), logits, $"after {decoder.Length} tokens in pieces of {string.Join(", ", lengths)}");
            }
        }
    }

    [TestMethod]
    public void The_greedy_continuation_is_that_of_the_whole_forward_with_half_a_block_kept_when_it_is_full()
    {
        using var model = Model(Config);
        List<int> text = [.. Prompt], context = [.. Prompt], expected = [];
        for (var i = 0; i < 40; i++)
        {
            if (context.Count > Config.BlockSize) context = [.. text.TakeLast(Config.BlockSize / 2)];
            var logits = WholeForward(model, [.. context]);
            var token = Array.IndexOf(logits, logits.Max());
            expected.Add(token);
            text.Add(token);
            context.Add(token);
        }

        CollectionAssert.AreEqual(expected, model.Generate(Prompt, new GenerationOptions { MaxTokens = 40, Temperature = 0 }).ToList());
        Assert.IsTrue(expected.Distinct().Count() > 1, "a continuation of one token only would not show mistakes");
    }

    [TestMethod]
    public void A_prompt_longer_than_the_block_is_read_from_its_end()
    {
        using var model = Model(Config);
        var prompt = Enumerable.Range(0, 29).Concat(Enumerable.Range(0, 12)).ToArray();

        var token = model.Generate(prompt, new GenerationOptions { MaxTokens = 1, Temperature = 0 }).Single();

        var logits = WholeForward(model, [.. Enumerable.Range(0, 12)]);
        Assert.AreEqual(Array.IndexOf(logits, logits.Max()), token);
    }

    [TestMethod]
    public void A_block_of_one_token_goes_on_for_ever()
    {
        using var model = Model(Config with { BlockSize = 1 });
        Assert.AreEqual(20, model.Generate(Prompt, new GenerationOptions { MaxTokens = 20, Seed = 1 }).Count());
    }

    [TestMethod]
    public void Equal_seeds_give_equal_texts_and_others_others()
    {
        using var model = Model(Config);
        int[] Text(long? seed) => [.. model.Generate(Prompt, new GenerationOptions { MaxTokens = 30, Seed = seed })];

        CollectionAssert.AreEqual(Text(5), Text(5));
        CollectionAssert.AreNotEqual(Text(5), Text(6));
        CollectionAssert.AreNotEqual(Text(null), Text(null));
    }

    [TestMethod]
    public void Tokens_appear_as_often_as_they_are_likely()
    {
        using var model = Model(Config);
        const int Draws = 2000;
        var counts = new double[Config.VocabularySize];
        for (var seed = 0; seed < Draws; seed++) counts[model.Generate(Prompt, new GenerationOptions { MaxTokens = 1, Seed = seed }).Single()]++;

        var weights = WholeForward(model, Prompt).Select(logit => Math.Exp(logit)).ToArray();
        for (var token = 0; token < counts.Length; token++)
        {
            var p = weights[token] / weights.Sum();
            Assert.AreEqual(p, counts[token] / Draws, 5 * Math.Sqrt(p * (1 - p) / Draws), $"token {token}");
        }
    }

    [TestMethod]
    public void The_stop_token_ends_the_text_and_is_not_part_of_it()
    {
        using var model = Model(Config);
        var options = new GenerationOptions { MaxTokens = 40, Seed = 2 };
        var text = model.Generate(Prompt, options).ToList();
        var stop = text[10];

        CollectionAssert.AreEqual(text[..text.IndexOf(stop)], model.Generate(Prompt, options with { StopToken = stop }).ToList());
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_mode_and_gradients_stay_as_they_were_and_nothing_is_dropped(bool training)
    {
        using var model = Model(Config);
        var greedy = new GenerationOptions { Temperature = 0, MaxTokens = 20 };
        model.eval();
        var expected = model.Generate(Prompt, greedy).ToList();
        model.train(training);
        var text = new List<int>();
        foreach (var token in model.Generate(Prompt, greedy))
        {
            Assert.IsTrue(is_grad_enabled(), "between tokens");
            text.Add(token);
        }

        CollectionAssert.AreEqual(expected, text);
        Assert.AreEqual(training, model.training);
        Assert.IsTrue(model.parameters().All(parameter => parameter.grad is null));
    }

    [TestMethod]
    public void Nothing_is_left_behind_however_the_generation_ends()
    {
        using var model = Model(Config);
        GC.Collect();
        GC.WaitForPendingFinalizers(); // Other tests' tensors must not go while ours are counted.
        var live = Tensor.TotalCount;
        _ = model.Generate(Prompt, new GenerationOptions { MaxTokens = 30 }).ToList();
        _ = model.Generate(Prompt).Take(3).ToList();
        Assert.AreEqual(live, Tensor.TotalCount);
    }

    [TestMethod]
    public void Tokens_asked_for_inside_a_dispose_scope_go_on_after_it()
    {
        using var model = Model(Config);
        using var tokens = model.Generate(Prompt, new GenerationOptions { MaxTokens = 4 }).GetEnumerator();
        using (NewDisposeScope()) Assert.IsTrue(tokens.MoveNext());
        Assert.IsTrue(tokens.MoveNext());
    }

    [TestMethod]
    public void A_cancelled_generation_says_so_after_the_tokens_so_far()
    {
        using var model = Model(Config);
        using var source = new CancellationTokenSource();
        var count = 0;

        Assert.ThrowsExactly<OperationCanceledException>(() =>
        {
            foreach (var _ in model.Generate(Prompt, new GenerationOptions { CancellationToken = source.Token }))
                if (++count == 7) source.Cancel();
        });

        Assert.AreEqual(7, count);
    }

    [TestMethod]
    [DataRow(ScalarType.BFloat16)]
    [DataRow(ScalarType.Float16)]
    [DataRow(ScalarType.Float64)]
    public void Models_of_other_types_generate_too(ScalarType type)
    {
        using var model = Model(Config);
        var greedy = new GenerationOptions { Temperature = 0, MaxTokens = 20 };
        var expected = model.Generate(Prompt, greedy).First();
        model.to(type);
        Assert.AreEqual(expected, model.Generate(Prompt, greedy).First());
        Assert.AreEqual(20, model.Generate(Prompt, greedy).Count());
    }

    [TestMethod]
    [DataRow(new int[0], "empty")]
    [DataRow(new[] { 1, -1 }, "Token 1 of the prompt is -1; expected ids from 0 to 28")]
    [DataRow(new[] { 29 }, "Token 0 of the prompt is 29")]
    public void A_prompt_that_cannot_be_read_is_refused_at_once(int[] prompt, string part)
    {
        using var model = Model(Config);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => model.Generate(prompt)).Message, part);
    }

    [TestMethod]
    public void Options_out_of_range_are_refused_at_once()
    {
        using var model = Model(Config);
        foreach (var (options, part) in new (GenerationOptions, string)[]
        {
            (new() { MaxTokens = 0 }, "MaxTokens is 0"),
            (new() { Temperature = -0.1 }, "Temperature is -0.1"),
            (new() { Temperature = double.NaN }, "Temperature is NaN"),
            (new() { Temperature = double.PositiveInfinity }, "Temperature is"),
            (new() { TopK = 0 }, "TopK is 0"),
            (new() { TokenCount = 0 }, "TokenCount is 0"),
            (new() { TopP = 0 }, "TopP is 0"),
            (new() { TopP = 1.01 }, "TopP is 1.01"),
            (new() { StopToken = -1 }, "StopToken is -1"),
            (new() { StopToken = 29 }, "StopToken is 29; valid is the model's vocabulary, 0 to 28"),
        })
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.Generate(Prompt, options)).Message, part);
    }

    /// <summary>A model whose weights are large enough for continuations to vary.</summary>
    private static Gpt2 Model(Gpt2Config config)
    {
        var model = new Gpt2(config, seed: 3);
        using var _ = no_grad();
        foreach (var parameter in model.parameters()) parameter.mul_(8);
        return model;
    }

    private static float[] WholeForward(Gpt2 model, int[] text)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var training = model.training;
        model.eval();
        var logits = model.call(tensor(Array.ConvertAll(text, token => (long)token)).unsqueeze(0));
        model.train(training);
        return logits[0][text.Length - 1].data<float>().ToArray();
    }

    private static void AssertClose(float[] expected, float[] actual, string message)
    {
        Assert.AreEqual(expected.Length, actual.Length);
        var scale = expected.Max(Math.Abs);
        for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 1e-4f * scale, $"{message}: token {i}");
    }
}
