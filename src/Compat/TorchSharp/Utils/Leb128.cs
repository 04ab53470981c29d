namespace TorchSharp.Utils;

/// <summary>Numbers of variable length (LEB128), as <see cref="BinaryWriter"/> writes the lengths of strings.</summary>
internal static class Leb128
{
    public static void Encode(this BinaryWriter writer, long value) => writer.Write7BitEncodedInt64(value);

    public static long Decode(this BinaryReader reader) => reader.Read7BitEncodedInt64();
}
