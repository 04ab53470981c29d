using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>Logits, loss, gradients and six training steps of tiny models beside those of the paper's code.</summary>
[TestClass]
public class Gpt2GoldenTests
{
    private const double Tolerance = 1e-4;

    [TestMethod]
    [DataRow("gpt2_nobias_scaled_focus")]
    [DataRow("gpt2_nobias_adamw")]
    [DataRow("gpt2_bias_focus")]
    public void LogitsLossAndGradientsAreThePapers(string name)
    {
        var golden = Golden(name);
        using var model = Model(golden);
        using var logits = model.call(golden.Tensors["x.0"]);
        AssertClose(golden.Tensors["logits.0"], logits, "logits");
        using var loss = model.Loss(golden.Tensors["x.0"], golden.Tensors["y.0"]);
        AssertClose(golden.Tensors["loss.0"], loss.view(1), "loss");
        loss.backward();
        foreach (var (parameter, value) in model.named_parameters()) AssertClose(golden.Tensors["grad." + parameter], value.grad!, "gradient of " + parameter);
    }

    [TestMethod]
    [DataRow("gpt2_nobias_scaled_focus")]
    [DataRow("gpt2_nobias_adamw")]
    [DataRow("gpt2_bias_focus")]
    public void SixTrainingStepsEndWhereThePapersDo(string name)
    {
        var golden = Golden(name);
        using var model = Model(golden);
        using var optimizer = Optimizer(golden).CreateOptimizer(model.ParameterGroups());
        var losses = golden.Tensors["train_losses"].data<float>().ToArray();
        for (var step = 0; step < losses.Length; step++)
        {
            model.zero_grad();
            using var loss = model.Loss(golden.Tensors[$"x.{step}"], golden.Tensors[$"y.{step}"]);
            loss.backward();
            nn.utils.clip_grad_norm_(model.parameters(), 1.0);
            optimizer.step();
            Assert.AreEqual(losses[step], loss.item<float>(), Tolerance * losses[step], $"loss of step {step}");
        }
        foreach (var (parameter, value) in model.named_parameters())
        {
            var (after, found) = (golden.Tensors["after." + parameter], value.detach());
            if (parameter.EndsWith("c_attn.bias", StringComparison.Ordinal)) (after, found) = (WithoutKeys(after), WithoutKeys(found));
            AssertClose(after, found, parameter);
        }
    }

    /// <summary>A bias of keys shifts all products of a query alike, so its gradient is 0 but for rounding, of which a sign is chance.</summary>
    private static Tensor WithoutKeys(Tensor bias)
    {
        var width = bias.shape[0] / 3;
        return cat([bias.narrow(0, 0, width), bias.narrow(0, 2 * width, width)]);
    }

    private static SafetensorsContent Golden(string name) => Safetensors.Load(SharedData.Golden($"{name}.safetensors"));

    private static Gpt2 Model(SafetensorsContent golden)
    {
        var config = JsonDocument.Parse(golden.Metadata["config"]).RootElement;
        var model = new Gpt2(new Gpt2Config
        {
            BlockSize = config.GetProperty("block_size").GetInt32(),
            VocabularySize = config.GetProperty("vocab_size").GetInt32(),
            Layers = config.GetProperty("n_layer").GetInt32(),
            Heads = config.GetProperty("n_head").GetInt32(),
            Width = config.GetProperty("n_embd").GetInt32(),
            Bias = config.GetProperty("bias").GetBoolean(),
            Dropout = config.GetProperty("dropout").GetDouble(),
            ScaleAttentionByInverseLayerIndex = config.GetProperty("scale_attn_by_inverse_layer_idx").GetBoolean(),
        });
        using var _ = no_grad();
        foreach (var (name, parameter) in model.named_parameters()) parameter.copy_(golden.Tensors["w." + name]);
        return model;
    }

    private static OptimizerSettings Optimizer(SafetensorsContent golden)
    {
        var options = JsonDocument.Parse(golden.Metadata["optimizer"]).RootElement;
        double Value(string name) => options.GetProperty(name).GetDouble();
        return options.GetProperty("name").GetString() == "focus"
            ? new FocusOptions { LearningRate = Value("lr"), Beta1 = Value("beta1"), Beta2 = Value("beta2"), Gamma = Value("gamma"), WeightDecay = Value("weight_decay") }
            : new AdamWOptions { LearningRate = Value("lr"), Beta1 = Value("beta1"), Beta2 = Value("beta2"), WeightDecay = Value("weight_decay") };
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what)
    {
        CollectionAssert.AreEqual(expected.shape, actual.shape, what);
        var distance = (expected - actual).abs().max().ToDouble();
        Assert.AreEqual(0, distance / expected.abs().max().ToDouble(), Tolerance, what);
    }
}
