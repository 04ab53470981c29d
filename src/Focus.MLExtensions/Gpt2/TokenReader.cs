using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>Reads the tokens of views: where they lie, or row by row into memory.</summary>
internal sealed class TokenReader(Gpt2Pretrainer.Options options)
{
    /// <summary>What the data are for, as messages name their column.</summary>
    private const string Training = "token", Validation = "validation set's token";

    /// <summary>Finds the column to train on, and checks that to validate on, before anything is read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is missing, of the wrong type, of a tokenizer with too many tokens, or of another
    /// tokenizer than the other.</exception>
    public DataViewSchema.Column Find(DataViewSchema train, DataViewSchema? validation)
    {
        var column = Find(train, Training);
        if (validation is null) return column;
        var other = Find(validation, Validation);
        if (TokenizerDescription.Of(column) is { } expected && TokenizerDescription.Of(other) is { } found && !found.Matches(expected))
            throw SchemaColumns.Mismatch(Validation, other.Name, $"tokens of the training data's tokenizer, {expected}",
                $"those of {found}, another; transform both with the same fitted tokenizer");
        return column;
    }

    private DataViewSchema.Column Find(DataViewSchema schema, string role)
    {
        var column = TokenColumn.Find(schema, options.TokenColumnName, role);
        if (TokenizerDescription.Of(column) is { } tokenizer && tokenizer.Count > options.Model.VocabularySize)
            throw SchemaColumns.Mismatch(role, column.Name,
                $"at most {options.Model.VocabularySize} different tokens, the model's {nameof(Gpt2Config.VocabularySize)}",
                $"the {tokenizer.Count} of its tokenizer; take a larger {nameof(Gpt2Config.VocabularySize)}");
        return column;
    }

    /// <summary>The tokens to train and to evaluate on.</summary>
    /// <exception cref="InvalidOperationException">There are no tokens, or an id is not in the model's vocabulary.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public (TokenSource Train, TokenSource? Validation) Read(IDataView train, IDataView? validation)
    {
        var tokens = Read(train, Training);
        if (validation is not null) return (tokens, Read(validation, Validation));
        if (options.ValidationShare == 0) return (tokens, null);
        var kept = tokens.Count - (long)(tokens.Count * options.ValidationShare);
        return (new TokenRange(tokens, 0, kept), new TokenRange(tokens, kept, tokens.Count - kept));
    }

    private TokenSource Read(IDataView data, string role)
    {
        var column = Find(data.Schema, role);
        if (data is ITokenView view && view.ColumnName == column.Name) return view.Tokens;
        var buffer = new TokenBuffer($"The {role} column '{column.Name}'");
        ReadRows(data, column, buffer);
        return buffer.Count > 0
            ? buffer
            : throw new InvalidOperationException(
                $"The {role} column '{column.Name}' holds no tokens: the data has no rows, or all their vectors are empty.");
    }

    private void ReadRows(IDataView data, DataViewSchema.Column column, TokenBuffer buffer)
    {
        var separator = options.SeparatorFor(TokenizerDescription.Of(column));
        using var cursor = data.GetRowCursor([column]);
        var getter = cursor.GetGetter<VBuffer<int>>(column);
        VBuffer<int> value = default, dense = default;
        while (cursor.MoveNext())
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            getter(ref value);
            if (!value.IsDense) value.CopyToDense(ref dense);
            var tokens = value.IsDense ? value.GetValues() : dense.GetValues();
            if (tokens.IsEmpty) continue;
            TokenColumn.RequireInVocabulary(tokens, options.Model, column.Name, cursor.Position);
            buffer.Append(tokens);
            if (separator is { } token) buffer.Append([token]);
        }
    }
}
