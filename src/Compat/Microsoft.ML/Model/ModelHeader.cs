using System.Text;

namespace Microsoft.ML;

/// <summary>The frame around a component's bytes in its entry of a model file.</summary>
/// <remarks>256 bytes of header (little-endian), the bytes, the loader's assembly name in UTF-16, and a tail signature of 8
/// bytes.</remarks>
internal sealed class ModelHeader
{
    private const int Size = 0x100;
    private const ulong Signature = 0x4C45444F4D004C4D;
    private const ulong TailSignature = 0x4D4C004D4F44454C;
    private const uint FrameVersion = 0x00010002;
    private const int LoaderSignatureSize = 24;

    public ulong ModelSignature { get; private init; }

    public uint VerWritten { get; private init; }

    public uint VerReadable { get; private init; }

    public string LoaderSignature { get; private init; }

    public string LoaderAssemblyName { get; private init; }

    public static void Write(Stream stream, VersionInfo version, ReadOnlySpan<byte> model)
    {
        var assembly = Encoding.Unicode.GetBytes(version.LoaderAssemblyName ?? "");
        long modelEnd = Size + model.Length;
        var tail = modelEnd + assembly.Length;

        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(Signature);
        writer.Write(FrameVersion);
        writer.Write(FrameVersion);
        writer.Write((long)Size);
        writer.Write((long)model.Length);
        writer.Write(new byte[32]); // The string table, which this writer does not use.
        writer.Write(version.ModelSignature);
        writer.Write(version.VerWrittenCur);
        writer.Write(version.VerReadableCur);
        writer.Write(Padded(version.LoaderSignature));
        writer.Write(Padded(version.LoaderSignatureAlt));
        writer.Write(tail);
        writer.Write(tail + sizeof(ulong));
        writer.Write(assembly.Length > 0 ? modelEnd : 0);
        writer.Write(assembly.Length);
        writer.Write(new byte[Size - 0x9C]);
        writer.Write(model);
        writer.Write(assembly);
        writer.Write(TailSignature);
    }

    /// <summary>Reads a frame; <paramref name="model"/> becomes the bytes within.</summary>
    public static ModelHeader Read(byte[] bytes, string entry, out byte[] model)
    {
        Require.Format(bytes.Length >= Size + sizeof(ulong), $"'{entry}' of the model file is cut short: {bytes.Length} bytes.");
        var reader = new BinaryReader(new MemoryStream(bytes));
        Require.Format(reader.ReadUInt64() == Signature, $"'{entry}' of the model file does not begin with the signature of a model.");
        reader.ReadUInt32();
        var frame = reader.ReadUInt32();
        Require.Format(frame <= FrameVersion, $"'{entry}' of the model file needs a reader of version {frame:x8}; this one is {FrameVersion:x8}.");

        var start = reader.ReadInt64();
        var length = reader.ReadInt64();
        reader.BaseStream.Position += 32;
        var signature = reader.ReadUInt64();
        var written = reader.ReadUInt32();
        var readable = reader.ReadUInt32();
        var loader = Encoding.Latin1.GetString(reader.ReadBytes(LoaderSignatureSize)).TrimEnd('\0');
        reader.BaseStream.Position += LoaderSignatureSize;
        var tail = reader.ReadInt64();
        reader.ReadInt64();
        var assemblyStart = reader.ReadInt64();
        var assemblyLength = reader.ReadInt32();

        var sound = start == Size && length >= 0 && tail == bytes.Length - sizeof(ulong) && start + length <= tail
            && assemblyStart >= 0 && assemblyLength >= 0 && assemblyStart + assemblyLength <= tail
            && BitConverter.ToUInt64(bytes, (int)tail) == TailSignature;
        Require.Format(sound, $"'{entry}' of the model file is cut short or damaged.");

        model = bytes[(int)start..(int)(start + length)];
        return new ModelHeader
        {
            ModelSignature = signature,
            VerWritten = written,
            VerReadable = readable,
            LoaderSignature = loader,
            LoaderAssemblyName = Encoding.Unicode.GetString(bytes, (int)assemblyStart, assemblyLength),
        };
    }

    private static byte[] Padded(string signature)
    {
        var bytes = new byte[LoaderSignatureSize];
        signature ??= "";
        if (signature.Length > bytes.Length)
            throw new InvalidOperationException($"A loader signature has at most {bytes.Length} characters; '{signature}' has {signature.Length}.");
        Encoding.Latin1.GetBytes(signature, bytes);
        return bytes;
    }
}
