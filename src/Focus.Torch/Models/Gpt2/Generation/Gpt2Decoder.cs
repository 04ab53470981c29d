using static TorchSharp.torch;

namespace Focus;

/// <summary>Runs a <see cref="Gpt2"/> forward on a text that grows, keeping what its layers have computed, so that a new token costs one
/// token's work.</summary>
/// <remarks>Without gradients and dropout, whatever the model's mode. The model must not change in between.</remarks>
internal sealed class Gpt2Decoder : IDisposable
{
    private readonly Gpt2 model;
    private readonly KeyValueCache[] caches;

    /// <param name="model">The model; it stays the caller's.</param>
    /// <param name="capacity">The most tokens to keep, from 1 to the model's block size.</param>
    public Gpt2Decoder(Gpt2 model, int capacity)
    {
        this.model = model;
        var type = model.Head.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32; // Attention is too delicate for less.
        caches = [.. model.Transformer.Blocks.Select(_ => new KeyValueCache(model.Config, capacity, type, model.Head.device))];
    }

    /// <summary>How many tokens the text has.</summary>
    public int Length { get; private set; }

    /// <summary>Forgets the text.</summary>
    public void Clear() => Length = 0;

    /// <summary>Appends tokens to the text; together they must not exceed the capacity.</summary>
    /// <returns>The logits of what follows them, one per token of the vocabulary.</returns>
    public float[] Append(ReadOnlySpan<int> tokens)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var ids = tensor(Array.ConvertAll(tokens.ToArray(), token => (long)token), device: model.Head.device);
        var positions = arange(Length, Length + tokens.Length, 1, ScalarType.Int64, device: model.Head.device);
        var x = model.Transformer.TokenEmbedding.call(ids) + model.Transformer.PositionEmbedding.call(positions);
        foreach (var (block, cache) in model.Transformer.Blocks.Zip(caches)) x = Through(block, x, cache);
        Length += tokens.Length;
        var last = model.Transformer.FinalNorm.call(x.narrow(0, x.shape[0] - 1, 1));
        return Linear(last, model.Head, bias: null).to(ScalarType.Float32).cpu().data<float>().ToArray();
    }

    public void Dispose()
    {
        foreach (var cache in caches) cache.Dispose();
    }

    /// <summary>time × width, in and out.</summary>
    private Tensor Through(Gpt2Block block, Tensor x, KeyValueCache cache)
    {
        x = x + Attend(block.Attention, block.AttentionNorm.call(x), cache);
        var hidden = Operation.Gelu(Linear(block.FeedForwardNorm.call(x), block.FeedForward.Expansion));
        return x + Linear(hidden, block.FeedForward.Projection);
    }

    private Tensor Attend(Gpt2Attention attention, Tensor x, KeyValueCache cache)
    {
        var (time, width) = (x.shape[0], x.shape[1]);
        var parts = Linear(x, attention.QueriesKeysValues).view(time, 3, attention.Heads, width / attention.Heads).permute(1, 2, 0, 3);
        var (keys, values) = cache.Append(parts[1], parts[2], Length);
        var weights = parts[0].to(keys.dtype).matmul(keys.transpose(1, 2)) * attention.Scale; // heads × time × all tokens
        if (time > 1) weights = weights.masked_fill(ones(time, Length + time, device: x.device).tril(Length).eq(0), double.NegativeInfinity);
        var mixed = weights.softmax(-1).matmul(values); // heads × time × width of a head
        return Linear(mixed.transpose(0, 1).reshape(time, width).to(x.dtype), attention.Projection);
    }

    private static Tensor Linear(Tensor x, LinearLayer layer) => Linear(x, layer.Weight, layer.Bias);

    /// <summary>x·Wᵀ + b; a single row as a matrix times a vector, which reads the weights once where the general product packs them.</summary>
    private static Tensor Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        if (x.shape[0] > 1 || x.dtype is ScalarType.Float16 or ScalarType.BFloat16) return Operation.Linear(x, weight, bias);
        var y = weight.matmul(x.view(-1)).unsqueeze(0);
        return bias is null ? y : y + bias;
    }
}
