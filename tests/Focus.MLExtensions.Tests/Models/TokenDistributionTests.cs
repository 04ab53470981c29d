namespace Focus.Tests;

[TestClass]
public sealed class TokenDistributionTests
{
    // Probabilities 0.5, 0.25, 0.125, 0.0625, 0.0625, not in order.
    private static readonly float[] Logits = [.. new[] { 0.0625, 0.5, 0.125, 0.25, 0.0625 }.Select(p => (float)Math.Log(p))];

    [TestMethod]
    public void Without_restrictions_it_is_the_softmax()
    {
        var (tokens, weights) = TokenDistribution.Of(Logits, new GenerationOptions());

        CollectionAssert.AreEqual(new[] { 0, 1, 2, 3, 4 }, tokens);
        AssertProbabilities([0.0625, 0.5, 0.125, 0.25, 0.0625], weights);
    }

    [TestMethod]
    public void Tokens_beyond_the_count_are_never_chosen()
    {
        var (tokens, weights) = TokenDistribution.Of(Logits, new GenerationOptions { TokenCount = 3 });
        CollectionAssert.AreEqual(new[] { 0, 1, 2 }, tokens);
        AssertProbabilities([1 / 11.0, 8 / 11.0, 2 / 11.0], weights);

        CollectionAssert.AreEqual(new[] { 0 }, TokenDistribution.Of(Logits, new GenerationOptions { TokenCount = 1, Temperature = 0 }).Tokens);
        CollectionAssert.AreEqual(new[] { 1, 2 }, TokenDistribution.Of(Logits, new GenerationOptions { TokenCount = 3, TopK = 2 }).Tokens);
        Assert.HasCount(5, TokenDistribution.Of(Logits, new GenerationOptions { TokenCount = 9 }).Tokens);
    }

    [TestMethod]
    public void Temperature_divides_the_logits()
    {
        var (_, weights) = TokenDistribution.Of(Logits, new GenerationOptions { Temperature = 0.5 });

        var squares = new[] { 0.0625, 0.5, 0.125, 0.25, 0.0625 }.Select(p => p * p).ToArray();
        AssertProbabilities([.. squares.Select(square => square / squares.Sum())], weights);
    }

    [TestMethod]
    [DataRow(1, new[] { 1 })]
    [DataRow(3, new[] { 1, 3, 2 })]
    [DataRow(4, new[] { 1, 3, 2, 0 }, DisplayName = "of equals the lower id")]
    [DataRow(9, new[] { 1, 3, 2, 0, 4 }, DisplayName = "more than there are")]
    public void Top_k_keeps_the_likeliest(int count, int[] expected)
        => CollectionAssert.AreEqual(expected, TokenDistribution.Of(Logits, new GenerationOptions { TopK = count }).Tokens);

    [TestMethod]
    [DataRow(1e-9, new[] { 1 }, DisplayName = "at least one")]
    [DataRow(0.4999, new[] { 1 })]
    [DataRow(0.5001, new[] { 1, 3 })]
    [DataRow(0.7501, new[] { 1, 3, 2 })]
    [DataRow(0.9999, new[] { 1, 3, 2, 0, 4 })]
    public void Top_p_keeps_the_fewest_that_reach_it(double share, int[] expected)
        => CollectionAssert.AreEqual(expected, TokenDistribution.Of(Logits, new GenerationOptions { TopP = share }).Tokens);

    [TestMethod]
    public void Top_p_is_a_share_of_what_top_k_leaves()
    {
        // Of 0.5 and 0.25, the first has two thirds.
        CollectionAssert.AreEqual(new[] { 1 }, TokenDistribution.Of(Logits, new GenerationOptions { TopK = 2, TopP = 0.66 }).Tokens);
        CollectionAssert.AreEqual(new[] { 1, 3 }, TokenDistribution.Of(Logits, new GenerationOptions { TopK = 2, TopP = 0.67 }).Tokens);
    }

    [TestMethod]
    public void Top_p_equals_its_definition_on_random_logits()
    {
        var random = new Random(1);
        for (var trial = 0; trial < 200; trial++)
        {
            var logits = Enumerable.Range(0, random.Next(1, 60)).Select(_ => (float)(random.NextDouble() * trial / 10)).ToArray();
            var share = random.NextDouble();

            var (tokens, weights) = TokenDistribution.Of(logits, new GenerationOptions { TopP = share });

            var total = logits.Sum(logit => Math.Exp(logit - logits.Max()));
            Assert.IsTrue(weights.Sum() >= share * total, $"trial {trial}: reached");
            Assert.IsTrue(weights.Sum() - weights.Min() < share * total, $"trial {trial}: no token too many");
            Assert.IsTrue(logits.Where((_, token) => !tokens.Contains(token)).All(logit => logit <= tokens.Min(token => logits[token])), $"trial {trial}: the likeliest");
        }
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(double.Epsilon)]
    [DataRow(1e-300)]
    public void A_temperature_towards_zero_takes_the_likeliest(double temperature)
        => CollectionAssert.AreEqual(new[] { 1 }, TokenDistribution.Of(Logits, new GenerationOptions { Temperature = temperature }).Tokens);

    [TestMethod]
    public void The_highest_temperature_makes_all_equal()
        => AssertProbabilities([0.2, 0.2, 0.2, 0.2, 0.2], TokenDistribution.Of(Logits, new GenerationOptions { Temperature = double.MaxValue }).Weights);

    [TestMethod]
    public void A_point_of_the_cumulative_distribution_names_its_token()
    {
        var distribution = new TokenDistribution([7, 3, 5], [1, 2, 1]);

        int[] found = [.. new[] { 0, 0.2499, 0.25, 0.7499, 0.75, Math.BitDecrement(1.0) }.Select(distribution.At)];

        CollectionAssert.AreEqual(new[] { 7, 7, 3, 3, 5, 5 }, found);
    }

    [TestMethod]
    public void Excluded_tokens_are_never_candidates()
        => CollectionAssert.AreEqual(new[] { 1 }, TokenDistribution.Of([float.NegativeInfinity, 0], new GenerationOptions { TopK = 2 }).Tokens);

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void Logits_that_are_not_finite_are_refused(float logit)
    {
        foreach (var temperature in new[] { 0.0, 1.0 })
        {
            var error = Assert.ThrowsExactly<InvalidOperationException>(
                () => TokenDistribution.Of([0, 1, logit], new GenerationOptions { Temperature = temperature }));
            StringAssert.Contains(error.Message, "token 2");
        }
    }

    private static void AssertProbabilities(double[] expected, double[] weights)
    {
        var total = weights.Sum();
        for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], weights[i] / total, 1e-6, $"token {i}");
    }
}
