using static TorchSharp.torch;

namespace Focus;

/// <summary>Batches of consecutive tokens that begin anywhere in a source, found by number; of a job's batch, the sequences that are this
/// rank's.</summary>
internal sealed class TokenBatches
{
    private readonly TokenSource source;
    private readonly RandomPurpose purpose;
    private readonly int seed, rank, sequences, blockSize, vocabularySize;
    private readonly Device device;

    public TokenBatches(TokenSource source, RandomPurpose purpose, Gpt2Config config, Gpt2TrainingOptions options, int rank = 0)
    {
        (this.source, this.purpose, this.rank) = (source, purpose, rank);
        (seed, sequences) = (options.Seed ?? 0, options.BatchSize);
        (blockSize, vocabularySize) = (config.BlockSize, config.VocabularySize);
        Check.Between(1, Array.MaxLength / blockSize, options.BatchSize, nameof(options.BatchSize)); // The tokens are copied to an array.
        device = TorchDevice.Require(options.Device);
        if (source.Count <= blockSize)
            throw new ArgumentException(
                $"{source.Name} holds {source.Count} tokens; a block size of {blockSize} needs at least {blockSize + 1L}: " +
                $"take more text or a smaller {nameof(Gpt2Config.BlockSize)}.");
    }

    /// <summary>A batch and, for each of its tokens, the one that follows: both sequences × time, int64.</summary>
    public (Tensor Tokens, Tensor Targets) At(long number)
    {
        var random = new RandomStream(seed, purpose, number);
        random.Skip((long)rank * sequences);
        var tokens = new long[sequences * blockSize];
        var targets = new long[tokens.Length];
        var block = new int[blockSize + 1];
        for (var sequence = 0; sequence < sequences; sequence++)
        {
            var start = random.Next(source.Count - blockSize);
            source.Read(start, block, vocabularySize);
            for (var i = 0; i < blockSize; i++)
                (tokens[sequence * blockSize + i], targets[sequence * blockSize + i]) = (block[i], block[i + 1]);
        }
        return (ToTensor(tokens), ToTensor(targets));
    }

    private Tensor ToTensor(long[] tokens) => tensor(tokens, [sequences, blockSize], device: device);
}
