using Microsoft.ML;

namespace Focus;

/// <summary>A trained GPT-2 bound to a schema.</summary>
internal sealed class Gpt2Mapping : RowMapping
{
    private readonly Gpt2 network;
    private readonly Gpt2Scoring scoring;
    private readonly DataViewSchema.Column tokens;

    public Gpt2Mapping(Gpt2 network, Gpt2Scoring scoring, DataViewSchema inputSchema)
        : this(network, scoring, inputSchema, TokenColumn.Find(inputSchema, scoring.TokenColumnName))
    {
    }

    private Gpt2Mapping(Gpt2 network, Gpt2Scoring scoring, DataViewSchema inputSchema, DataViewSchema.Column tokens)
        : base(inputSchema, [tokens], scoring.Columns(TokenizerDescription.Of(tokens)))
    {
        (this.network, this.scoring, this.tokens) = (network, scoring.For(TokenizerDescription.Of(tokens)), tokens);
    }

    // Enough rows to find some of similar length among them.
    public override int BlockSize => 64;

    public override RowBlock CreateBlock(DataViewRow input, int capacity) => new Gpt2RowBlock(network, scoring, input, tokens, capacity);
}
