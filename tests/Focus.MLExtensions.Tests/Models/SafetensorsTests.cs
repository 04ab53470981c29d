using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public sealed class SafetensorsTests
{
    [TestMethod]
    public void Tensors_and_metadata_come_back_as_they_were()
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["matrix"] = tensor(new float[] { 1, -2, 3.5f, float.NaN, 0, float.NegativeInfinity }).reshape(2, 3),
            ["counts"] = tensor(new long[] { long.MinValue, 0, long.MaxValue }),
            ["transposed"] = tensor(new float[] { 1, 2, 3, 4, 5, 6 }).reshape(2, 3).t(),
            ["exact"] = tensor(new double[] { Math.PI }),
            ["none"] = empty(0, 4),
        };
        using var stream = new MemoryStream();

        Safetensors.Save(stream, tensors, new Dictionary<string, string> { ["note"] = "ünïcode \"quoted\"" });
        stream.Position = 0;
        var (loaded, metadata) = Safetensors.Load(stream);

        CollectionAssert.AreEqual(new[] { "ünïcode \"quoted\"" }, metadata.Values.ToArray());
        CollectionAssert.AreEquivalent(tensors.Keys, loaded.Keys);
        foreach (var (name, expected) in tensors)
        {
            Assert.AreEqual(expected.dtype, loaded[name].dtype, name);
            CollectionAssert.AreEqual(expected.shape, loaded[name].shape, name);
            if (expected.numel() > 0) CollectionAssert.AreEqual(expected.contiguous().bytes.ToArray(), loaded[name].bytes.ToArray(), name);
        }
    }

    [TestMethod]
    public void A_file_of_another_writer_is_read()
    {
        using var scope = NewDisposeScope();

        var (tensors, metadata) = Safetensors.Load(SharedData.Golden("gpt2_nobias_adamw.safetensors"));

        Assert.IsTrue(metadata.ContainsKey("note"));
        Assert.IsTrue(tensors.Values.All(tensor => tensor.numel() > 0));
        Assert.IsTrue(tensors.Keys.Any(name => name.EndsWith("transformer.wte.weight", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void The_bytes_are_those_of_the_format()
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();

        Safetensors.Save(stream, new Dictionary<string, Tensor> { ["w"] = tensor(new float[] { 1, 2 }) });

        var header = Encoding.UTF8.GetBytes("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""");
        var padded = header.Concat(Enumerable.Repeat((byte)' ', 7 - (header.Length - 1) % 8)).ToArray();
        CollectionAssert.AreEqual(
            BitConverter.GetBytes((long)padded.Length).Concat(padded).Concat(BitConverter.GetBytes(1f)).Concat(BitConverter.GetBytes(2f)).ToArray(), stream.ToArray());
    }

    [TestMethod]
    public void A_name_that_stands_twice_is_refused()
    {
        using var value = zeros(1);
        KeyValuePair<string, Tensor>[] twice = [new("w", value), new("w", value)];

        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Save(Stream.Null, twice)).Message, "'w'");
    }

    [TestMethod]
    public void A_stream_cut_short_anywhere_is_refused()
    {
        var bytes = File("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""", 11);
        for (var length = 0; length < bytes.Length; length++) AssertRefused(bytes[..length], "cut short");
    }

    [TestMethod]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'b'", DisplayName = "overlap")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", "'b'", DisplayName = "gap")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'a'", DisplayName = "gap at the start")]
    [DataRow("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "takes 12 bytes", DisplayName = "size and offsets differ")]
    [DataRow("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}""", "[-1]", DisplayName = "negative dimension")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "8 to 0", DisplayName = "offsets backwards")]
    [DataRow("""{"a":{"dtype":"F32","shape":[9223372036854775807,2],"data_offsets":[0,8]}}""", "overflow", DisplayName = "size overflows")]
    [DataRow("""{"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}""", "F99", DisplayName = "unknown type")]
    [DataRow("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", "dtype", DisplayName = "no type")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", "a", DisplayName = "twice")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,16]}}""", "0, 8, 16", DisplayName = "three offsets")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,10]}}""", "header", DisplayName = "half an element")]
    [DataRow("""{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,8]}}""", "overflow", DisplayName = "bytes overflow")]
    [DataRow("""{"a":7}""", "header", DisplayName = "no tensor")]
    [DataRow("""{"__metadata__":{"note":7}}""", "header", DisplayName = "metadata that is no text")]
    [DataRow("""{"__metadata__":{"note":null}}""", "'note'", DisplayName = "metadata that is null")]
    [DataRow("""{"a":{"dtype":"U8","shape":[1000000000000000],"data_offsets":[0,1000000000000000]}}""", "cut short", DisplayName = "a petabyte")]
    [DataRow("""[1, 2]""", "header", DisplayName = "no object")]
    [DataRow("""{"a":""", "header", DisplayName = "no JSON")]
    public void A_header_that_contradicts_itself_is_refused(string header, string part) => AssertRefused(File(header, 16), part);

    [TestMethod]
    public void Bytes_after_the_last_tensor_are_refused()
        => AssertRefused(File("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9), "more bytes");

    [TestMethod]
    [DataRow(0L)]
    [DataRow(-1L)]
    [DataRow(long.MaxValue)]
    public void An_impossible_length_of_the_header_is_refused(long length)
        => AssertRefused([.. BitConverter.GetBytes(length), .. new byte[100]], $"{length}");

    [TestMethod]
    public void A_header_that_is_not_UTF8_is_refused()
        => AssertRefused([.. BitConverter.GetBytes(8L), .. "{\"a"u8, 0xFF, 0xFE, .. "\":0"u8], "header");

    [TestMethod]
    public void A_tensor_longer_than_a_piece_comes_back_from_any_stream()
    {
        using var scope = NewDisposeScope();
        var expected = rand(new[] { 2 * Safetensors.LongestPiece + 3 });
        using var file = new MemoryStream();

        Safetensors.Save(file, new Dictionary<string, Tensor> { ["long"] = expected });
        file.Position = 0;
        using var deflated = new DeflateStream(Deflate(file.ToArray()), CompressionMode.Decompress);

        Assert.IsTrue(Safetensors.Load(deflated).Tensors["long"].bytes.SequenceEqual(expected.bytes), "a stream that cannot seek");
        Assert.IsTrue(Safetensors.Load(file).Tensors["long"].bytes.SequenceEqual(expected.bytes), "a stream that can");
    }

    [TestMethod]
    [DataRow(ScalarType.Float16, new[] { 0f, 1.0009765625f, -65504f, float.NegativeInfinity })]
    [DataRow(ScalarType.BFloat16, new[] { 0f, 1.0078125f, -3.3895314e38f, float.NegativeInfinity })]
    public void Tensors_are_converted_on_the_way(ScalarType type, float[] exact)
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();

        Safetensors.Save(stream, new Dictionary<string, Tensor> { ["w"] = tensor(exact) }, type: type);
        stream.Position = 0;
        var loaded = Safetensors.Load(stream).Tensors["w"];

        Assert.AreEqual(type, loaded.dtype);
        CollectionAssert.AreEqual(exact, loaded.to(ScalarType.Float32).data<float>().ToArray());
    }

    [TestMethod]
    public void Numbers_beyond_the_type_asked_for_are_refused()
    {
        using var value = tensor(new[] { 1f, 1e5f });
        var error = Assert.ThrowsExactly<ArgumentException>(
            () => Safetensors.Save(Stream.Null, new Dictionary<string, Tensor> { ["w"] = value }, type: ScalarType.Float16));
        StringAssert.Contains(error.Message, "'w'");
    }

    [TestMethod]
    public void Tensors_are_not_converted_to_integers()
    {
        using var value = tensor(new[] { 300f });
        var error = Assert.ThrowsExactly<ArgumentException>(
            () => Safetensors.Save(Stream.Null, new Dictionary<string, Tensor> { ["w"] = value }, type: ScalarType.Int8));
        StringAssert.Contains(error.Message, "Int8");
    }

    [TestMethod]
    [DataRow(1L << 40)]
    [DataRow(1L << 60)]
    public void A_stream_without_a_known_end_is_not_believed_about_its_length(long length)
    {
        using var plain = new MemoryStream(File($$$"""{"a":{"dtype":"U8","shape":[{{{length}}}],"data_offsets":[0,{{{length}}}]}}""", 16));
        using var stream = new DeflateStream(Deflate(plain.ToArray()), CompressionMode.Decompress);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Load(stream)).Message, "'a'");
    }

    [TestMethod]
    public void A_file_that_is_refused_is_named()
    {
        var path = Path.GetTempFileName();
        try
        {
            System.IO.File.WriteAllBytes(path, [1, 2, 3]);
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Load(path)).Message, path);
        }
        finally
        {
            System.IO.File.Delete(path);
        }
    }

    private static MemoryStream Deflate(byte[] content)
    {
        var deflated = new MemoryStream();
        using (var stream = new DeflateStream(deflated, CompressionLevel.NoCompression, leaveOpen: true))
            stream.Write(content);
        deflated.Position = 0;
        return deflated;
    }

    private static byte[] File(string header, int dataLength)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[sizeof(long) + json.Length + dataLength];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, sizeof(long));
        return bytes;
    }

    private static void AssertRefused(byte[] bytes, string part)
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Load(new MemoryStream(bytes)));
        StringAssert.Contains(error.Message, part);
    }

    [TestMethod]
    public void NoMemoryIsTakenForAHeaderThatIsNotThere()
    {
        // In a zip archive the length of the rest is not known.
        using var zipped = new MemoryStream();
        using (var zip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true)) zip.Write(BitConverter.GetBytes(90_000_000L));
        zipped.Position = 0;
        using var stream = new GZipStream(zipped, CompressionMode.Decompress);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Load(stream));

        Assert.IsLessThan(1L << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
