using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>Columns of tokens: vectors of Int32, as the ids of ML.NET's tokenizers are.</summary>
internal static class TokenColumn
{
    public const string DefaultName = "Tokens";

    private const string Role = "token", Expectation = "a vector of Int32 (TokenizeGpt2 or TokenizeCharacters makes one)";

    /// <summary>Vectors of any length.</summary>
    public static VectorDataViewType Type { get; } = new(NumberDataViewType.Int32);

    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of the wrong type.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, string role = Role)
    {
        var column = SchemaColumns.Find(schema, name, role);
        return column.Type is VectorDataViewType vector && vector.ItemType.Equals(NumberDataViewType.Int32)
            ? column
            : throw SchemaColumns.Mismatch(role, name, Expectation, column.Type.ToString()!);
    }

    /// <summary>Finds the same faults before there are data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of the wrong type.</exception>
    public static SchemaShape.Column Find(SchemaShape shape, string name)
    {
        var column = SchemaColumns.Find(shape, name, Role);
        return column.Kind != SchemaShape.Column.VectorKind.Scalar && !column.IsKey && column.ItemType.Equals(NumberDataViewType.Int32)
            ? column
            : throw SchemaColumns.Mismatch(Role, name, Expectation, SchemaColumns.Describe(column));
    }

    /// <exception cref="InvalidOperationException">An id is not in a model's vocabulary.</exception>
    public static void RequireInVocabulary(ReadOnlySpan<int> tokens, Gpt2Config model, string column, long row)
    {
        var slot = tokens.IndexOfAnyExceptInRange(0, model.VocabularySize - 1);
        if (slot >= 0)
            throw new InvalidOperationException(
                $"Column '{column}', row {row}, slot {slot}: expected a token from 0 to {model.VocabularySize - 1}, the model's " +
                $"vocabulary, found {tokens[slot]}. Take the tokenizer that the model is for, or a larger " +
                $"{nameof(Gpt2Config.VocabularySize)}.");
    }
}
