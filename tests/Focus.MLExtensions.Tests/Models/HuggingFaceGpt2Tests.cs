using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public sealed class HuggingFaceGpt2Tests
{
    private static readonly Gpt2Config Config = new() { BlockSize = 8, VocabularySize = 11, Layers = 2, Heads = 2, Width = 8, Bias = true, Dropout = 0.25 };

    // What the published folders hold besides the weights.
    private const string PublishedConfig = """
        {
          "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1, "bos_token_id": 50256, "embd_pdrop": 0.1,
          "eos_token_id": 50256, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "model_type": "gpt2", "n_ctx": 8, "n_embd": 8,
          "n_head": 2, "n_layer": 2, "n_positions": 8, "resid_pdrop": 0.1, "summary_activation": null, "summary_first_dropout": 0.1,
          "summary_proj_to_labels": true, "summary_type": "cls_index", "summary_use_proj": true,
          "task_specific_params": { "text-generation": { "do_sample": true, "max_length": 50 } }, "vocab_size": 11
        }
        """;

    [TestMethod]
    [DataRow(true, true, ScalarType.Float32)]
    [DataRow(false, true, ScalarType.Float16)]
    [DataRow(true, false, ScalarType.BFloat16)]
    public void A_model_comes_back_with_biases_zero_where_it_had_none(bool bias, bool tied, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config with { Bias = bias, TiedHead = tied });

        HuggingFaceGpt2.Save(model, folder.Path, type);
        using var loaded = HuggingFaceGpt2.Load(folder.Path);

        Assert.AreEqual(model.Config with { Bias = true }, loaded.Config);
        Gpt2Models.AssertEqual(model, loaded, type);
    }

    [TestMethod]
    public void The_folder_holds_what_transformers_expects()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config with { Bias = false });

        HuggingFaceGpt2.Save(model, folder.Path, ScalarType.BFloat16);

        var (tensors, metadata) = Safetensors.Load(folder.File("model.safetensors"));
        Assert.AreEqual("pt", metadata["format"]);
        CollectionAssert.AreEquivalent(Published(model).Keys, tensors.Keys);
        foreach (var (name, expected) in Published(model))
            Assert.IsTrue(tensors[name].eq(expected.to(ScalarType.BFloat16)).all().ToBoolean(), name);
        var config = JsonNode.Parse(File.ReadAllBytes(folder.File("config.json")))!;
        foreach (var (key, value) in new (string, JsonNode)[]
        {
            ("model_type", "gpt2"), ("activation_function", "gelu_new"), ("vocab_size", 11), ("n_positions", 8), ("n_embd", 8), ("n_layer", 2),
            ("n_head", 2), ("resid_pdrop", 0.25), ("embd_pdrop", 0.25), ("attn_pdrop", 0.25), ("layer_norm_epsilon", 1e-5), ("initializer_range", 0.02),
            ("scale_attn_weights", true), ("scale_attn_by_inverse_layer_idx", true), ("tie_word_embeddings", true), ("torch_dtype", "bfloat16"),
        })
            Assert.AreEqual(value.ToJsonString(), config[key]?.ToJsonString(), key);
        Assert.AreEqual("GPT2LMHeadModel", config["architectures"]![0]!.GetValue<string>());
        Assert.IsNull(config["eos_token_id"], "a vocabulary of 11 has no token 50256");
    }

    [TestMethod]
    public void Numbers_that_Python_is_to_take_for_floats_have_a_point()
    {
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config with { Dropout = 0 });

        HuggingFaceGpt2.Save(model, folder.Path);

        StringAssert.Contains(File.ReadAllText(folder.File("config.json")), "\"resid_pdrop\": 0.0,");
    }

    [TestMethod]
    [DataRow("transformer.", true, true)]
    [DataRow("", true, false)]
    [DataRow("transformer.", false, false)]
    public void Published_folders_are_read(string prefix, bool masks, bool head)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config with { Dropout = 0.1, ScaleAttentionByInverseLayerIndex = false });
        var tensors = Published(model).ToDictionary(item => prefix + item.Key["transformer.".Length..], item => item.Value);
        if (head) tensors["lm_head.weight"] = tensors[$"{prefix}wte.weight"];
        for (var layer = 0; masks && layer < 2; layer++)
        {
            tensors[$"{prefix}h.{layer}.attn.bias"] = ones(8, 8).tril().view(1, 1, 8, 8).to(ScalarType.Bool);
            tensors[$"{prefix}h.{layer}.attn.masked_bias"] = tensor(-1e4f);
        }
        Write(folder, PublishedConfig, tensors);

        using var loaded = HuggingFaceGpt2.Load(folder.Path);

        Assert.AreEqual(model.Config, loaded.Config);
        Gpt2Models.AssertEqual(model, loaded);
    }

    [TestMethod]
    [DataRow("_orig_mod.")]
    [DataRow("module._orig_mod.")]
    public void Prefixes_of_compiled_and_distributed_models_are_passed_over(string prefix)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config);
        Write(folder, PublishedConfig, Published(model).ToDictionary(item => prefix + item.Key, item => item.Value));
        Safetensors.Save(folder.File("own.safetensors"), model.state_dict().ToDictionary(item => prefix + item.Key, item => item.Value));

        using (var loaded = HuggingFaceGpt2.Load(folder.Path)) Gpt2Models.AssertEqual(model, loaded);
        using (var loaded = Gpt2Files.Load(folder.File("own.safetensors"), Config)) Gpt2Models.AssertEqual(model, loaded);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => Gpt2Files.Load(folder.File("own.safetensors"), Config with { Width = 16 })).Message, $"'{prefix}");
    }

    [TestMethod]
    [DataRow("transformer.wte.weight")]
    [DataRow("lm_head.weight")]
    public void Of_a_tied_model_either_of_the_two_weights_suffices(string kept)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config);
        var tensors = Published(model);
        tensors.Remove("transformer.wte.weight", out var weight);
        tensors[kept] = weight!;
        Write(folder, PublishedConfig, tensors);

        using (var loaded = HuggingFaceGpt2.Load(folder.Path)) Gpt2Models.AssertEqual(model, loaded);

        File.WriteAllText(folder.File("config.json"), PublishedConfig.Replace("{\n  \"act", "{ \"tie_word_embeddings\": false, \"act"));
        AssertRefused(folder, folder.Path, kept == "lm_head.weight" ? "transformer.wte.weight" : "lm_head.weight");
    }

    [TestMethod]
    public void A_configuration_that_is_given_takes_the_place_of_the_files()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config);
        Write(folder, "{", Published(model));
        File.Delete(folder.File("config.json"));

        using var loaded = HuggingFaceGpt2.Load(folder.Path, Config);

        Assert.AreEqual(Config, loaded.Config);
        Gpt2Models.AssertEqual(model, loaded);
        AssertMissing(folder, "config.json");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => HuggingFaceGpt2.Load(folder.Path, Config with { Layers = 0 }));
    }

    [TestMethod]
    [DataRow("eos_token_id", "[50256, 0]")]
    [DataRow("bos_token_id", "\"<s>\"")]
    [DataRow("torch_dtype", "{}")]
    [DataRow("architectures", "\"GPT2\"")]
    [DataRow("initializer_range", "\"auto\"")]
    [DataRow("quantization_config", "{ \"bits\": 4 }")]
    [DataRow("activation_function", "\"gelu_fast\"")]
    public void Settings_that_change_nothing_may_be_anything(string key, string value)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config);
        var config = JsonNode.Parse(PublishedConfig)!;
        config[key] = JsonNode.Parse(value);
        config.AsObject().Remove("model_type");
        Write(folder, config.ToJsonString()[..^1] + ", } // Ours.", Published(model));

        using var loaded = HuggingFaceGpt2.Load(folder.Path);

        Gpt2Models.AssertEqual(model, loaded);
    }

    [TestMethod]
    public void Weights_in_several_files_are_read_together()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config);
        var shards = Published(model).Chunk(12).ToArray();
        var map = new Dictionary<string, string>();
        for (var i = 0; i < shards.Length; i++)
        {
            var name = $"model-{i + 1:d5}-of-{shards.Length:d5}.safetensors";
            Safetensors.Save(folder.File(name), shards[i]);
            foreach (var (tensor, _) in shards[i]) map[tensor] = name;
        }
        File.WriteAllText(folder.File("config.json"), PublishedConfig);
        File.WriteAllText(folder.File("model.safetensors.index.json"), JsonSerializer.Serialize(new { weight_map = map }));

        using (var loaded = HuggingFaceGpt2.Load(folder.Path)) Gpt2Models.AssertEqual(model, loaded);

        File.Delete(folder.File(map.Values.Last()));
        AssertMissing(folder, map.Values.Last());
        File.WriteAllText(folder.File("model.safetensors.index.json"), """{"weight_map":{"a":"../model.safetensors"}}""");
        AssertRefused(folder, "model.safetensors.index.json", "not the name of a file");
    }

    [TestMethod]
    [DataRow("model_type", "\"llama\"", "model_type is llama; expected gpt2")]
    [DataRow("activation_function", "\"relu\"", "activation_function is relu; expected gelu_new")]
    [DataRow("layer_norm_epsilon", "1e-6", "layer_norm_epsilon is 1E-06; expected 1E-05")]
    [DataRow("n_inner", "16", "n_inner is 16; expected null or 4 · n_embd, 32")]
    [DataRow("scale_attn_weights", "false", "scale_attn_weights is False")]
    [DataRow("add_cross_attention", "true", "add_cross_attention is True")]
    [DataRow("attn_pdrop", "0.2", "attn_pdrop is 0.2; expected the value of resid_pdrop, 0.1")]
    [DataRow("n_head", "3", "Heads is 3")]
    [DataRow("n_embd", "\"8\"", "n_embd")]
    public void Settings_that_the_model_does_not_have_are_refused(string key, string value, string part)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config);
        var config = JsonNode.Parse(PublishedConfig)!;
        config[key] = JsonNode.Parse(value);
        Write(folder, config.ToJsonString(), Published(model));

        AssertRefused(folder, folder.File("config.json"), part);
    }

    [TestMethod]
    public void Folders_that_are_incomplete_or_damaged_are_refused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config);
        AssertMissing(folder, "config.json");
        File.WriteAllText(folder.File("config.json"), PublishedConfig);
        AssertMissing(folder, "model.safetensors");

        var weights = Published(model);
        weights["transformer.h.0.mlp.c_fc.weight"] = weights["transformer.h.0.mlp.c_fc.weight"].t(); // As nanoGPT has it.
        Write(folder, PublishedConfig, weights);
        AssertRefused(folder, folder.Path, "'transformer.h.0.mlp.c_fc.weight'", "[32, 8]", "[8, 32]");

        File.WriteAllText(folder.File("config.json"), "{");
        AssertRefused(folder, folder.File("config.json"));
        Write(folder, PublishedConfig, Published(model));
        using (var file = File.OpenWrite(folder.File("model.safetensors"))) file.SetLength(file.Length - 1);
        AssertRefused(folder, folder.Path, "model.safetensors", "cut short");
    }

    [TestMethod]
    public void A_model_replaced_in_vain_is_as_it_was()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Gpt2Models.Random(Config);
        HuggingFaceGpt2.Save(model, folder.Path);
        using var changed = Gpt2Models.Random(Config with { ScaleAttentionByInverseLayerIndex = false });
        using (no_grad()) changed.parameters().Last().fill_(1e6);

        Assert.ThrowsExactly<ArgumentException>(() => HuggingFaceGpt2.Save(changed, folder.Path, ScalarType.Float16));

        using var loaded = HuggingFaceGpt2.Load(folder.Path);
        Assert.AreEqual(model.Config, loaded.Config);
        Gpt2Models.AssertEqual(model, loaded);
        Assert.AreEqual(2, Directory.GetFiles(folder.Path).Length);
    }

    /// <summary>The tensors as the published files name and store them.</summary>
    private static Dictionary<string, Tensor> Published(Gpt2 model)
    {
        using var _ = no_grad();
        var own = model.state_dict();
        var tensors = new Dictionary<string, Tensor>
        {
            ["transformer.wte.weight"] = own["transformer.wte.weight"],
            ["transformer.wpe.weight"] = own["transformer.wpe.weight"],
        };
        foreach (var layer in new[] { 0, 1 })
        {
            foreach (var norm in new[] { "ln_1", "ln_2" }) Add($"transformer.h.{layer}.{norm}", weight => weight);
            foreach (var linear in new[] { "attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj" }) Add($"transformer.h.{layer}.{linear}", weight => weight.t());
        }
        Add("transformer.ln_f", weight => weight);
        return tensors;

        void Add(string layer, Func<Tensor, Tensor> stored)
        {
            var weight = own[$"{layer}.weight"];
            tensors[$"{layer}.weight"] = stored(weight);
            tensors[$"{layer}.bias"] = own.TryGetValue($"{layer}.bias", out var value) ? value : zeros(weight.shape[0]);
        }
    }

    private static void Write(TemporaryFolder folder, string config, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        File.WriteAllText(folder.File("config.json"), config);
        Safetensors.Save(folder.File("model.safetensors"), tensors);
    }

    private static void AssertRefused(TemporaryFolder folder, params string[] parts)
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => HuggingFaceGpt2.Load(folder.Path));
        foreach (var part in parts) StringAssert.Contains(error.Message, part);
    }

    private static void AssertMissing(TemporaryFolder folder, string file)
    {
        var error = Assert.ThrowsExactly<FileNotFoundException>(() => HuggingFaceGpt2.Load(folder.Path));
        StringAssert.Contains(error.Message, folder.Path);
        StringAssert.Contains(error.Message, file);
    }
}
