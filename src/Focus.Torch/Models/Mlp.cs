using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>A multi-layer perceptron for classification: linear layers with ReLU between them and, optionally, batch normalisation before
/// each.</summary>
/// <remarks>
/// With hidden widths 128 × 5 and batch normalisation this is the network of the paper's MNIST experiments (arXiv:2501.12243). Parameters
/// are named <c>layers.{i}.norm.weight</c>, <c>layers.{i}.norm.bias</c>, <c>layers.{i}.weight</c> and <c>layers.{i}.bias</c>, and
/// initialised as PyTorch does: linear weights and biases uniformly in ±1/√(inputs), scales 1, shifts 0.
/// </remarks>
public sealed class Mlp : nn.Module<Tensor, Tensor>
{
    private readonly ModuleList<MlpLayer> layers;

    /// <summary>Creates the network with fresh weights.</summary>
    /// <param name="inputs">Input features, ≥ 1.</param>
    /// <param name="hiddenWidths">The widths of the hidden layers, each ≥ 1; may be empty.</param>
    /// <param name="classes">Outputs, ≥ 1.</param>
    /// <param name="batchNormalization">Whether each linear layer's input is batch-normalised.</param>
    /// <param name="seed">Seeds the weights; networks of the same shape and seed are equal.</param>
    /// <exception cref="ArgumentOutOfRangeException">A width is below 1.</exception>
    public Mlp(int inputs, IReadOnlyList<int> hiddenWidths, int classes, bool batchNormalization = true, long seed = 0) : base(nameof(Mlp))
    {
        ArgumentNullException.ThrowIfNull(hiddenWidths);
        int[] widths = [inputs, .. hiddenWidths, classes];
        foreach (var width in widths) ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        using var generator = new Generator((ulong)seed);
        layers = new ModuleList<MlpLayer>(
            [.. widths.Skip(1).Select((width, i) => new MlpLayer(widths[i], width, batchNormalization, rectifyInput: i > 0, generator))]);
        RegisterComponents();
        foreach (var tensor in state_dict().Values) tensor.DetachFromDisposeScope(); // The network lives until it is disposed itself.
    }

    /// <summary>Computes the logits of a batch.</summary>
    /// <param name="input">batch × inputs, float.</param>
    /// <returns>batch × classes, float.</returns>
    public override Tensor forward(Tensor input)
    {
        foreach (var layer in layers) input = layer.call(input);
        return input;
    }

    /// <summary>The parameters in two groups: the linear weights, which decay, and biases and normalisation parameters, which do
    /// not.</summary>
    public IReadOnlyList<ParameterGroup> ParameterGroups() =>
    [
        new ParameterGroup(layers.Select(layer => layer.Weight)),
        new ParameterGroup(layers.SelectMany(layer => layer.Undecayed)) { WeightDecay = 0 },
    ];
}
