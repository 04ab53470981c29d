using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

/// <summary>What a trained GPT-2 adds to a row.</summary>
internal sealed class Judged
{
    public float Loss { get; set; }

    public float Perplexity { get; set; }

    public int[] Continuation { get; set; } = [];

    public string Answer { get; set; } = "";
}

/// <summary>A model, a text and a run small enough for tests, and long enough to learn.</summary>
internal static class TinyGpt2
{
    public const int BlockSize = 16;

    /// <summary>Sentences over few characters that repeat in an order.</summary>
    public static string[] Corpus { get; } =
        [.. Enumerable.Range(0, 40).Select(i => string.Concat(Enumerable.Repeat("abcdefgh ", 2 + i % 3)))];

    public static Gpt2Config Model { get; } = new() { BlockSize = BlockSize, VocabularySize = 12, Layers = 2, Heads = 2, Width = 16 };

    public static Gpt2Pretrainer.Options Quick => new()
    {
        Model = Model,
        Optimizer = new AdamWOptions { LearningRate = 0.02 },
        MaxSteps = 40,
        BatchSize = 4,
        AccumulationSteps = 1,
        EvaluationInterval = 0,
        EvaluationBatches = 2,
        PeakFlops = 1e10,
        Seed = 7,
    };

    public static IDataView Texts(this MLContext mlContext, params IEnumerable<string> texts)
        => mlContext.Data.LoadFromEnumerable(texts.Select(text => new Sentence { Text = text }));

    public static IDataView Tokens(this MLContext mlContext, params IEnumerable<int[]> rows)
        => mlContext.Data.LoadFromEnumerable(rows.Select(row => new TokenRow { Tokens = row }));

    /// <summary>From text to losses and the text of continuations.</summary>
    public static IEstimator<ITransformer> Pipeline(this MLContext mlContext, Gpt2Pretrainer.Options options)
        => mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text")
            .Append(mlContext.Focus.Gpt2Pretrainer(options with { GenerateTokens = 8 }))
            .Append(mlContext.Focus.Transforms.DetokenizeCharacters("Answer", "Continuation"));

    public static float[] Losses(this ITransformer model, IDataView data) => [.. model.Transform(data).GetColumn<float>("Loss")];
}
