using System.Buffers.Binary;
using System.Text;

namespace Focus.Tests;

/// <summary>Files of tokens that other programs write.</summary>
[TestClass]
public sealed class OtherTokenFilesTests
{
    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Clean() => folder.Dispose();

    [TestMethod]
    [DataRow(20240520, 1, TokenWidth.UInt16, new[] { 50256, 0, 464 })]
    [DataRow(20240801, 1, TokenWidth.UInt32, new[] { 128000, 5, 70000 })]
    [DataRow(20240801, 7, TokenWidth.UInt32, new[] { 128000, 5, 70000 })]
    public void The_header_of_llm_c_is_no_token_and_says_the_width(int magic, int version, TokenWidth width, int[] tokens)
    {
        using var file = TokenFile.Open(folder.Write("fineweb_train_000001.bin", LlmC(magic, version, width, tokens.Length, tokens)));

        Assert.AreEqual((width, 3L), (file.Width, file.Count));
        var read = new int[3];
        file.Read(0, read);
        CollectionAssert.AreEqual(tokens, read);
        file.Read(2, read.AsSpan(0, 1));
        Assert.AreEqual(tokens[2], read[0]);
    }

    [TestMethod]
    [DataRow(20240520, 1, 4, "1032", "1030")]
    [DataRow(20240520, 1, 2, "1028", "1030")]
    [DataRow(20240520, 1, -1, "-1", "1030")]
    [DataRow(20240520, 2, 3, "version 2", "1030")]
    [DataRow(20240522, 1, 3, "evaluation", "tokens")]
    [DataRow(20240326, 3, 3, "weights", "tokens")]
    public void What_the_header_of_llm_c_belies_is_refused(int magic, int version, int count, string expected, string found)
    {
        var path = folder.Write("train.bin", LlmC(magic, version, TokenWidth.UInt16, count, [1, 2, 3]));

        var error = Assert.ThrowsExactly<InvalidDataException>(() => TokenFile.Open(path));

        foreach (var part in new[] { path, expected, found }) StringAssert.Contains(error.Message, part);
    }

    [TestMethod]
    public void A_file_that_ends_within_the_header_is_refused()
        => Assert.ThrowsExactly<InvalidDataException>(
            () => TokenFile.Open(folder.Write("train.bin", LlmC(20240520, 1, TokenWidth.UInt16, 1, [1])[..1000])));

    [TestMethod]
    [DataRow("<u2", TokenWidth.UInt16)]
    [DataRow("<u4", TokenWidth.UInt32)]
    [DataRow("<i4", TokenWidth.UInt32)]
    public void Arrays_of_NumPy_are_read(string type, TokenWidth width)
    {
        using var file = TokenFile.Open(folder.Write("shard.npy", Npy(type, "(3,)", Bytes(width, [7, 50256, 9]))));

        var read = new int[3];
        file.Read(0, read);
        CollectionAssert.AreEqual(new[] { 7, 50256, 9 }, read);
    }

    [TestMethod]
    [DataRow(">u2", "(4,)")]
    [DataRow("<u2", "(2, 2)")]
    [DataRow("<f8", "(1,)")]
    [DataRow("<i8", "(1,)")]
    public void Arrays_that_are_no_tokens_are_refused(string type, string shape)
    {
        var path = folder.Write("shard.npy", Npy(type, shape, new byte[8]));

        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => TokenFile.Open(path)).Message, path);
    }

    /// <summary>The bytes are those of Python's <c>pickle.dumps({'vocab_size': 3, 'itos': {0: '\n', 1: 'a', 2: 'é'}, …})</c>, by protocol.</summary>
    [TestMethod]
    [DataRow("gASVSQAAAAAAAAB9lCiMCnZvY2FiX3NpemWUSwOMBGl0b3OUfZQoSwCMAQqUSwGMAWGUSwKMAsOplHWMBHN0b2mUfZQoaARLAGgFSwFoBksCdXUu")]
    [DataRow("gAJ9cQAoWAoAAAB2b2NhYl9zaXplcQFLA1gEAAAAaXRvc3ECfXEDKEsAWAEAAAAKcQRLAVgBAAAAYXEFSwJYAgAAAMOpcQZ1WAQAAABzdG9pcQd9cQgoaARLAGgFSwFoBksCdXUu")]
    public void The_vocabulary_of_nanoGPT_is_read(string pickle)
    {
        folder.Write("meta.pkl", Convert.FromBase64String(pickle));
        folder.Write("train.bin", Bytes(TokenWidth.UInt16, [1, 2, 0, 1]));

        var corpus = PreparedCorpus.OfNanoGpt(folder.Path);

        Assert.AreEqual((3, 4L, 0L), (corpus.VocabularySize, corpus.TrainTokens, corpus.ValidationTokens));
        CollectionAssert.AreEqual(new[] { "\n", "a", "é" }, corpus.Vocabulary!.ToArray());
        Assert.AreEqual("aé\na", corpus.CreateTokenizer().Tokenizer.Decode([1, 2, 0, 1]));
        using var train = corpus.OpenTrain();
        Assert.AreEqual(4, train.Count);
    }

    /// <summary>The first would call <c>os.system</c> in Python; the second has no characters; the third is cut short.</summary>
    [TestMethod]
    [DataRow("Y29zCnN5c3RlbQooUyd0b3VjaCBvd25lZCcKdFIu")]
    [DataRow("gASVDgAAAAAAAAB9lIwFb3RoZXKUSwFzLg==")]
    [DataRow("gASVSQAAAAAAAAB9lCiMCnZvY2FiX3NpemWUSwOMBGl0b3OUfZQoSwCMAQqUSwGM")]
    public void Other_pickles_are_refused_and_nothing_runs(string pickle)
    {
        var path = folder.Write("meta.pkl", Convert.FromBase64String(pickle));
        folder.Write("train.bin", Bytes(TokenWidth.UInt16, [1, 2]));

        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => PreparedCorpus.OfNanoGpt(folder.Path)).Message, path);
        Assert.AreEqual(100, PreparedCorpus.OfNanoGpt(folder.Path, vocabularySize: 100).VocabularySize, "the way on");
        Assert.AreEqual(2, Directory.GetFiles(folder.Path).Length);
    }

    [TestMethod]
    public void Without_a_vocabulary_nanoGPTs_tokens_are_GPT2s()
    {
        folder.Write("train.bin", Bytes(TokenWidth.UInt16, [50256, 1]));
        folder.Write("val.bin", Bytes(TokenWidth.UInt16, [1]));

        var corpus = PreparedCorpus.OfNanoGpt(folder.Path);

        Assert.AreEqual(("gpt2", 50257, 2L, 1L), (corpus.Tokenizer, corpus.VocabularySize, corpus.TrainTokens, corpus.ValidationTokens));
        Assert.ThrowsExactly<FileNotFoundException>(() => PreparedCorpus.OfNanoGpt(folder.File("elsewhere")));
    }

    [TestMethod]
    public void The_largest_id_is_sampled_from_all_parts_of_a_file()
    {
        var tokens = new int[3_000_000];
        tokens[0] = 5;
        using var file = TokenFile.Open(folder.Write("train.bin", Bytes(TokenWidth.UInt16, tokens)));
        Assert.AreEqual(5, file.SampleLargestId());
        tokens[^1] = 9;
        tokens.AsSpan(1_490_000, 30_000).Fill(400);
        using var other = TokenFile.Open(folder.Write("val.bin", Bytes(TokenWidth.UInt16, tokens)));
        Assert.AreEqual(400, other.SampleLargestId());
        using var buffer = new TokenBuffer();
        Assert.AreEqual(0, buffer.SampleLargestId());
        buffer.Append([3]);
        Assert.AreEqual(3, buffer.SampleLargestId());
    }

    private static byte[] LlmC(int magic, int version, TokenWidth width, int count, int[] tokens)
    {
        var header = new byte[1024];
        foreach (var (value, i) in new[] { magic, version, count }.Select((value, i) => (value, i)))
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4 * i), value);
        return [.. header, .. Bytes(width, tokens)];
    }

    private static byte[] Npy(string type, string shape, byte[] content)
    {
        var text = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}".PadRight(117) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, 0, .. Encoding.ASCII.GetBytes(text), .. content];
    }

    private static byte[] Bytes(TokenWidth width, int[] tokens)
        => [.. tokens.SelectMany(token => BitConverter.GetBytes(token)[..(int)width])];
}
