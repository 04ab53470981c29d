using System.Text.Json;
using Focus.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Torch.Tests.Models;

/// <summary>Logits, loss, gradients and six training steps of tiny models beside those of the paper's code.</summary>
[TestClass]
public class Gpt2GoldenTests
{
    private const double Tolerance = 1e-4;

    /// <summary>The file that leaves some biases out, so that they are known to a few millionths only: see <see cref="Gpt2GoldenBiases"/>.</summary>
    private const string FittedBiases = "gpt2_bias_focus";

    /// <summary>For how many elements of a parameter that, and the rounding of another BLAS, may decide the sign of a momentum as good as zero: a
    /// few, and a share.</summary>
    private const double FewSignFlips = 6, ShareOfSignFlips = 0.01;

    [TestMethod]
    [DataRow("gpt2_nobias_scaled_focus")]
    [DataRow("gpt2_nobias_adamw")]
    [DataRow("gpt2_bias_focus")]
    public void LogitsLossAndGradientsAreThePapers(string name)
    {
        var golden = Golden(name);
        using var model = Model(name, golden);
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
        using var model = Model(name, golden);
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
        var reach = name == FittedBiases ? FarthestBySignFlips((FocusOptions)Optimizer(golden)) : 0;
        foreach (var (parameter, value) in model.named_parameters())
        {
            if (IsLeftOut(name, parameter)) continue;
            var after = golden.Tensors["after." + parameter];
            using var distances = (after - value).abs();
            var distant = distances.gt(Tolerance * after.abs().max().ToDouble()).sum().ToInt64();
            var flips = name == FittedBiases ? FewSignFlips + ShareOfSignFlips * value.numel() : 0;
            Assert.IsLessThanOrEqualTo(flips, distant, $"elements of {parameter} that end elsewhere");
            Assert.AreEqual(0, distances.max().ToDouble(), reach + 1e-5, parameter); // Which NaN is not, either.
        }
    }

    /// <summary>How far six steps, each of length η·(1 + γ) at most, lead apart where every one goes the other way.</summary>
    private static double FarthestBySignFlips(FocusOptions focus) => 6 * 2 * focus.LearningRate * (1 + focus.Gamma);

    /// <summary>Whether a parameter stands in the model but not in the file.</summary>
    private static bool IsLeftOut(string name, string parameter)
        => name == FittedBiases && parameter.EndsWith(".attn.c_attn.bias", StringComparison.Ordinal);

    private static SafetensorsContent Golden(string name) => Safetensors.Load(SharedData.Require($"golden/{name}.safetensors"));

    private static Gpt2 Model(string file, SafetensorsContent golden)
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
        foreach (var (name, parameter) in model.named_parameters())
            parameter.copy_(
                IsLeftOut(file, name) ? tensor(Gpt2GoldenBiases.OfLayer(name.Contains(".h.0.") ? 0 : 1)) : golden.Tensors["w." + name]);
        return model;
    }

    private static OptimizerOptions Optimizer(SafetensorsContent golden)
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
