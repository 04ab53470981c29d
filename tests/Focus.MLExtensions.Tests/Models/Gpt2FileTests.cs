using System.Text.Json;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public sealed class Gpt2FileTests
{
    private static readonly Gpt2Config Config = new() { BlockSize = 8, VocabularySize = 11, Layers = 2, Heads = 2, Width = 8, Dropout = 0.25 };

    [TestMethod]
    [DataRow(false, true, true)]
    [DataRow(true, false, false)]
    public void A_model_comes_back_as_it_was(bool bias, bool scaled, bool tied)
    {
        using var scope = NewDisposeScope();
        using var model = Gpt2Models.Random(Config with { Bias = bias, ScaleAttentionByInverseLayerIndex = scaled, TiedHead = tied });

        using var loaded = Loaded(Saved(model));

        Assert.AreEqual(model.Config, loaded.Config);
        Gpt2Models.AssertEqual(model, loaded);
    }

    [TestMethod]
    [DataRow(ScalarType.Float16)]
    [DataRow(ScalarType.BFloat16)]
    public void Lower_precisions_are_rounded_once_and_read_into_float32(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var model = Gpt2Models.Random(Config);

        var bytes = Saved(model, type);
        using var loaded = Loaded(bytes);

        Gpt2Models.AssertEqual(model, loaded, type);
        Assert.IsTrue(bytes.Length < model.Config.ParameterCount * 3, "two bytes a parameter, and the header");
    }

    [TestMethod]
    public void The_file_holds_the_names_of_nanoGPT_and_its_configuration()
    {
        using var scope = NewDisposeScope();
        using var model = Gpt2Models.Random(Config);

        var (tensors, metadata) = Safetensors.Load(new MemoryStream(Saved(model)));
        using var config = JsonDocument.Parse(metadata["config"]);

        CollectionAssert.AreEquivalent(model.state_dict().Keys, tensors.Keys);
        CollectionAssert.AreEquivalent(
            new[] { "block_size", "vocab_size", "n_layer", "n_head", "n_embd", "dropout", "bias", "scale_attn_by_inverse_layer_idx" },
            config.RootElement.EnumerateObject().Select(property => property.Name).ToArray());
    }

    [TestMethod]
    [DataRow("gpt2_nobias_adamw.safetensors")]
    [DataRow("gpt2_nobias_scaled_focus.safetensors")]
    public void The_configuration_and_weights_of_a_model_from_Python_give_its_logits(string file)
    {
        using var scope = NewDisposeScope();
        var golden = Safetensors.Load(SharedData.Golden(file));
        var weights = golden.Tensors.Where(item => item.Key.StartsWith("w.", StringComparison.Ordinal))
            .Select(item => KeyValuePair.Create(item.Key[2..], item.Value));

        using var model = Loaded(File(weights, golden.Metadata["config"]));
        model.eval();

        Assert.IsTrue(model.call(golden.Tensors["x.0"]).allclose(golden.Tensors["logits.0"], 1e-4, 1e-5));
    }

    [TestMethod]
    public void A_tied_head_may_be_in_the_file_if_it_is_the_embedding()
    {
        using var scope = NewDisposeScope();
        using var model = Gpt2Models.Random(Config);
        var json = Safetensors.Load(new MemoryStream(Saved(model))).Metadata["config"];
        var embedding = model.state_dict()["transformer.wte.weight"];
        IEnumerable<KeyValuePair<string, Tensor>> With(Tensor head) => model.state_dict().Prepend(KeyValuePair.Create("lm_head.weight", head));

        using var loaded = Loaded(File(With(embedding), json));

        Gpt2Models.AssertEqual(model, loaded);
        AssertRefused(File(With(embedding + 1), json), "'lm_head.weight' differs");
    }

    [TestMethod]
    public void A_file_replaced_in_vain_is_as_it_was()
    {
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config);
        var path = folder.File("model.safetensors");
        Gpt2Files.Save(model, path);
        var before = System.IO.File.ReadAllBytes(path);
        using (no_grad()) model.parameters().Last().fill_(1e6);

        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Gpt2Files.Save(model, path, ScalarType.Float16)).Message, "ln_f.weight");

        CollectionAssert.AreEqual(before, System.IO.File.ReadAllBytes(path));
        Assert.AreEqual(1, Directory.GetFiles(folder.Path).Length);
    }

    [TestMethod]
    public void Other_types_are_refused()
    {
        using var model = Gpt2Models.Random(Config);
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => Gpt2Files.Save(model, Stream.Null, ScalarType.Int8)).Message, "Int8");
    }

    [TestMethod]
    public void Tensors_that_are_not_those_of_the_configuration_are_refused_by_name()
    {
        using var scope = NewDisposeScope();
        using var model = Gpt2Models.Random(Config);
        var json = Safetensors.Load(new MemoryStream(Saved(model))).Metadata["config"];
        const string Name = "transformer.h.1.mlp.c_fc.weight";
        Dictionary<string, Tensor> Changed(Action<Dictionary<string, Tensor>> change)
        {
            var tensors = model.state_dict();
            change(tensors);
            return tensors;
        }

        AssertRefused(File(Changed(tensors => tensors.Remove(Name)), json), $"'{Name}'", "1 of 15");
        AssertRefused(File(Changed(tensors => tensors[Name] = zeros(32, 9)), json), $"'{Name}'", "[32, 9]", "[32, 8]");
        AssertRefused(File(Changed(tensors => tensors[Name] = zeros(new long[] { 32, 8 }, ScalarType.Int64)), json), $"'{Name}'", "Int64");
        AssertRefused(File(Changed(tensors => tensors["transformer.h.2.ln_1.weight"] = zeros(8)), json), "'transformer.h.2.ln_1.weight'", "15");
        AssertRefused(File(Changed(tensors => tensors["transformer.ln_f.bias"] = zeros(8)), json), "'transformer.ln_f.bias'", "15");
        AssertRefused(File(Changed(tensors => tensors["wte.weight"] = zeros(11, 8)), json), "wte.weight'", "twice");
    }

    [TestMethod]
    [DataRow("""{}""", "block_size", DisplayName = "nothing in it")]
    [DataRow("""7""", "configuration", DisplayName = "no object")]
    [DataRow("""{"block_size":8,"vocab_size":11,"n_layer":2,"n_head":3,"n_embd":8,"bias":false}""", "Heads", DisplayName = "heads that do not divide the width")]
    [DataRow("""{"block_size":8,"vocab_size":11,"n_layer":-2,"n_head":2,"n_embd":8,"bias":false}""", "Layers", DisplayName = "a negative size")]
    [DataRow("""{"block_size":8,"vocab_size":11,"n_layer":2,"n_head":2,"n_embd":2000000000,"bias":false}""", "2000000000", DisplayName = "a width that no memory holds")]
    [DataRow("""{"block_size":8,"vocab_size":11,"n_layer":2000000000,"n_head":2,"n_embd":8,"bias":false}""", "2000000000 layers", DisplayName = "more layers than tensors")]
    public void A_configuration_that_cannot_be_is_refused(string json, string part)
    {
        using var scope = NewDisposeScope();
        using var model = Gpt2Models.Random(Config);
        AssertRefused(File(model.state_dict(), json), part);
    }

    [TestMethod]
    public void A_file_without_configuration_or_cut_short_is_refused()
    {
        using var model = Gpt2Models.Random(Config);
        using var folder = new TemporaryFolder();
        var path = folder.File("short.safetensors");
        System.IO.File.WriteAllBytes(path, Saved(model)[..^1]);
        using var bare = new MemoryStream();
        Safetensors.Save(bare, model.state_dict());

        var error = Assert.ThrowsExactly<InvalidDataException>(() => Gpt2Files.Load(path));
        StringAssert.Contains(error.Message, path);
        StringAssert.Contains(error.Message, "cut short");
        AssertRefused(bare.ToArray(), "'config'", nameof(HuggingFaceGpt2));
    }

    private static byte[] Saved(Gpt2 model, ScalarType type = ScalarType.Float32)
    {
        using var stream = new MemoryStream();
        Gpt2Files.Save(model, stream, type);
        return stream.ToArray();
    }

    private static byte[] File(IEnumerable<KeyValuePair<string, Tensor>> tensors, string config)
    {
        using var stream = new MemoryStream();
        Safetensors.Save(stream, tensors, new Dictionary<string, string> { ["config"] = config });
        return stream.ToArray();
    }

    private static Gpt2 Loaded(byte[] bytes) => Gpt2Files.Load(new MemoryStream(bytes));

    private static void AssertRefused(byte[] bytes, params string[] parts)
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Loaded(bytes));
        foreach (var part in parts) StringAssert.Contains(error.Message, part);
    }
}
