using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>A learned vector for each id.</summary>
internal sealed class EmbeddingTable : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight; // Named as it stands in state dictionaries.

    /// <summary>A table with weights from N(0, deviation²).</summary>
    public EmbeddingTable(int count, int width, double deviation, Generator generator) : base(nameof(EmbeddingTable))
    {
        weight = new Parameter(empty(count, width).normal_(0, deviation, generator));
        RegisterComponents();
    }

    /// <summary>count × width.</summary>
    public Parameter Weight => weight;

    public override Tensor forward(Tensor ids)
        => FusedEmbedding.CanTake(ids, weight) ? FusedEmbedding.Apply(ids, weight) : Operation.Embedding(ids, weight);
}
