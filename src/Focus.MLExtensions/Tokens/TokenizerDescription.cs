using System.Text.Json.Serialization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Tokenizers;

namespace Focus;

/// <summary>A tokenizer as model files hold it, and as columns of tokens carry it in their annotations.</summary>
/// <param name="Name">What kind of tokenizer it is.</param>
/// <param name="Vocabulary">Its tokens in the order of their ids, where the name does not say them.</param>
internal sealed record TokenizerDescription(string Name, string[]? Vocabulary)
{
    private const string NameKind = "Tokenizer", VocabularyKind = "Vocabulary";

    /// <summary>GPT-2's byte-pair encoding, whose vocabulary everyone knows.</summary>
    public static TokenizerDescription Gpt2 { get; } = new(NamedTokenizer.Gpt2Name, Vocabulary: null);

    /// <summary>Stands for any character tokenizer, where nothing is known yet.</summary>
    public static TokenizerDescription AnyCharacters { get; } = Characters(["?"]);

    /// <summary>How many tokens there are.</summary>
    [JsonIgnore]
    public int Count => Vocabulary?.Length ?? Gpt2Tokens.Count;

    public static TokenizerDescription Characters(IReadOnlyList<string> vocabulary) => new(NamedTokenizer.CharactersName, [.. vocabulary]);

    /// <summary>The tokenizer that a column's tokens are of, or null where the column does not say.</summary>
    public static TokenizerDescription? Of(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(NameKind) is not { Type: TextDataViewType }) return null;
        ReadOnlyMemory<char> name = default;
        column.Annotations.GetValue(NameKind, ref name);
        var annotation = column.Annotations.Schema.GetColumnOrNull(VocabularyKind);
        var vocabulary = annotation is { Type: VectorDataViewType { ItemType: TextDataViewType } }
            ? KeyValueType.Text.Read(column.Annotations, VocabularyKind)
            : null;
        return (name.ToString(), vocabulary) switch
        {
            (NamedTokenizer.Gpt2Name, null) => Gpt2,
            (NamedTokenizer.CharactersName, { Length: > 0 }) => Characters(vocabulary),
            _ => null, // Another library's annotation of the same name.
        };
    }

    /// <summary>Whether a column's tokens come with a vocabulary.</summary>
    public static bool HasVocabulary(SchemaShape.Column column) => column.Annotations.Any(annotation => annotation.Name == VocabularyKind);

    /// <summary>A tokenizer as described as that of a column of a shape, which holds no values.</summary>
    public static TokenizerDescription? Example(SchemaShape.Column column)
        => HasVocabulary(column) ? AnyCharacters : column.Annotations.Any(annotation => annotation.Name == NameKind) ? Gpt2 : null;

    public DataViewSchema.Annotations ToAnnotations()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddPrimitiveValue(NameKind, TextDataViewType.Instance, Name.AsMemory());
        if (Vocabulary is not null) KeyValueType.Text.Add(annotations, VocabularyKind, Vocabulary);
        return annotations.ToAnnotations();
    }

    /// <summary>Whether another tokenizer gives texts the same tokens.</summary>
    public bool Matches(TokenizerDescription other)
        => Name == other.Name && (Vocabulary ?? []).AsSpan().SequenceEqual(other.Vocabulary ?? []);

    /// <exception cref="InvalidDataException">There is no such tokenizer.</exception>
    public Tokenizer CreateTokenizer() => NamedTokenizer.Recall(Name, Vocabulary).Tokenizer;

    public override string ToString() => $"'{Name}' of {Count} tokens";
}
