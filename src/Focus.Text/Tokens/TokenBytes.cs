using System.Numerics;

namespace Focus;

/// <summary>Turns tokens of two bytes into integers and back, a vector at a time.</summary>
internal static class TokenBytes
{
    /// <summary>Copies tokens into integers.</summary>
    public static void Widen(ReadOnlySpan<ushort> tokens, Span<int> destination)
    {
        destination = destination[..tokens.Length];
        while (tokens.Length >= Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(tokens), out var lower, out var upper);
            Vector.AsVectorInt32(lower).CopyTo(destination);
            Vector.AsVectorInt32(upper).CopyTo(destination[Vector<int>.Count..]);
            tokens = tokens[Vector<ushort>.Count..];
            destination = destination[Vector<ushort>.Count..];
        }
        for (var i = 0; i < tokens.Length; i++) destination[i] = tokens[i];
    }

    /// <summary>Copies tokens that fit into two bytes.</summary>
    public static void Narrow(ReadOnlySpan<int> tokens, Span<ushort> destination)
    {
        destination = destination[..tokens.Length];
        while (tokens.Length >= Vector<ushort>.Count)
        {
            var lower = new Vector<int>(tokens);
            var upper = new Vector<int>(tokens[Vector<int>.Count..]);
            Vector.Narrow(Vector.AsVectorUInt32(lower), Vector.AsVectorUInt32(upper)).CopyTo(destination);
            tokens = tokens[Vector<ushort>.Count..];
            destination = destination[Vector<ushort>.Count..];
        }
        for (var i = 0; i < tokens.Length; i++) destination[i] = (ushort)tokens[i];
    }
}
