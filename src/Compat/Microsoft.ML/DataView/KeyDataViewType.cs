namespace Microsoft.ML.Data;

/// <summary>A class index: 0 means missing, 1 to <see cref="Count"/> are the values.</summary>
public sealed class KeyDataViewType : PrimitiveDataViewType
{
    public KeyDataViewType(Type type, ulong count) : base(type)
    {
        Require.Argument(Largest(type) > 0, nameof(type), $"A key is held as Byte, UInt16, UInt32 or UInt64, not {type}.");
        Require.Argument(count > 0 && count <= Largest(type), nameof(count), $"A {type.Name} key has 1 to {Largest(type)} values, not {count}.");
        Count = count;
    }

    public KeyDataViewType(Type type, int count) : this(type, count > 0 ? (ulong)count : 0)
    {
    }

    public ulong Count { get; }

    public override bool Equals(DataViewType other) => other is KeyDataViewType key && key.RawType == RawType && key.Count == Count;

    public override bool Equals(object other) => other is DataViewType type && Equals(type);

    public override int GetHashCode() => HashCode.Combine(RawType, Count);

    public override string ToString() => $"Key<{RawType.Name}, 0-{Count - 1}>";

    private static ulong Largest(Type type) =>
        type == typeof(byte) ? byte.MaxValue :
        type == typeof(ushort) ? ushort.MaxValue :
        type == typeof(uint) ? uint.MaxValue :
        type == typeof(ulong) ? ulong.MaxValue : 0;
}
