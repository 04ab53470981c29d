using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>What the values of a key column stand for (its KeyValues annotation), held as text; part of model files.</summary>
/// <param name="Type">The <see cref="KeyValueType.Name"/> of their type.</param>
/// <param name="Texts">The values in the order of the keys, in the invariant culture.</param>
internal sealed record KeyValues(string Type, string[] Texts)
{
    public const string Kind = "KeyValues";

    /// <summary>The values of a column, or null where it has none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The values are of a type that cannot be kept.</exception>
    public static KeyValues? Of(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(Kind) is not { Type: VectorDataViewType { IsKnownSize: true } vector }) return null;
        var type = KeyValueType.Of(vector.ItemType) ?? throw new ArgumentOutOfRangeException(
            nameof(column), $"The key values of column '{column.Name}' are {vector.ItemType}; expected text, numbers or Booleans.");
        return new KeyValues(type.Name, type.Read(column.Annotations, Kind));
    }

    /// <summary>Adds the values, as what they are, to annotations.</summary>
    /// <exception cref="FormatException">A text is not of the type.</exception>
    public void AddTo(DataViewSchema.Annotations.Builder annotations) => KeyValueType.Named(Type).Add(annotations, Kind, Texts);

    /// <summary>Adds the values, as text, to annotations as the names of a vector's slots.</summary>
    public void AddAsSlotNames(DataViewSchema.Annotations.Builder annotations) => KeyValueType.Text.Add(annotations, "SlotNames", Texts);
}
