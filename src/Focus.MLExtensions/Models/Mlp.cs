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
    private readonly MemoryPressure pressure;

    /// <summary>Creates the network with fresh weights.</summary>
    /// <param name="inputs">Input features, ≥ 1.</param>
    /// <param name="hiddenWidths">The widths of the hidden layers, each ≥ 1; may be empty.</param>
    /// <param name="classes">Outputs, ≥ 1.</param>
    /// <param name="batchNormalization">Whether each linear layer's input is batch-normalised.</param>
    /// <param name="seed">Seeds the weights; networks of the same shape and seed are equal.</param>
    /// <exception cref="ArgumentOutOfRangeException">A width is below 1.</exception>
    public Mlp(int inputs, IReadOnlyList<int> hiddenWidths, int classes, bool batchNormalization = true, long seed = 0)
        : this(inputs, hiddenWidths, classes, batchNormalization, seed, CPU)
    {
    }

    private Mlp(int inputs, IReadOnlyList<int> hiddenWidths, int classes, bool batchNormalization, long seed, Device device) : base(nameof(Mlp))
    {
        ArgumentNullException.ThrowIfNull(hiddenWidths);
        Check.AtLeast(1, inputs);
        foreach (var width in hiddenWidths) Check.AtLeast(1, width, nameof(hiddenWidths));
        Check.AtLeast(1, classes);
        int[] widths = [inputs, .. hiddenWidths, classes];
        using var generator = new Generator((ulong)seed);
        layers = new ModuleList<MlpLayer>(
            [.. widths.Skip(1).Select((width, i) => new MlpLayer(widths[i], width, batchNormalization, rectifyInput: i > 0, generator, device))]);
        RegisterComponents();
        foreach (var tensor in state_dict().Values) tensor.DetachFromDisposeScope(); // The network lives until it is disposed itself.
        pressure = new MemoryPressure(state_dict().Values);
    }

    internal ModuleList<MlpLayer> Layers => layers;

    /// <summary>A network that has shapes, but no weights and so no need of memory.</summary>
    internal static Mlp Blueprint(int inputs, IReadOnlyList<int> hiddenWidths, int classes, bool batchNormalization)
        => new(inputs, hiddenWidths, classes, batchNormalization, seed: 0, META);

    /// <summary>Computes the logits of a batch.</summary>
    /// <param name="input">batch × inputs, float32; with batch normalisation at least 2 rows in training mode, as one has no variance.</param>
    /// <returns>batch × classes, float32.</returns>
    /// <exception cref="ArgumentException">The input is of another type or shape, or on another device.</exception>
    public override Tensor forward(Tensor input)
    {
        RequireInput(input);
        using var scope = NewDisposeScope(); // What the backward pass needs, the graph keeps.
        foreach (var layer in layers) input = layer.call(input);
        return input.MoveToOuterDisposeScope();
    }

    /// <summary>The parameters by what they are for: the linear weights, which decay, with those of the last layer apart, and biases and
    /// normalisation parameters, which do not.</summary>
    public IReadOnlyList<ParameterGroup> ParameterGroups()
    {
        ParameterGroup[] groups =
        [
            new(layers.SkipLast(1).Select(layer => layer.Weight)) { Role = ParameterRole.HiddenMatrix },
            new([layers[^1].Weight]) { Role = ParameterRole.Head },
            new(layers.SelectMany(layer => layer.Undecayed)) { Role = ParameterRole.GainOrBias, WeightDecay = 0 },
        ];
        return [.. groups.Where(group => group.Parameters.Count > 0)];
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing) pressure.Dispose();
    }

    private void RequireInput(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var weight = layers[0].Weight;
        var rows = training && layers[0].IsNormalized ? "at least 2 rows" : "rows";
        if (input.ndim != 2 || input.shape[1] != weight.shape[1] || input.dtype != weight.dtype || (rows != "rows" && input.shape[0] < 2))
            throw new ArgumentException(
                $"Expected an input of {rows} × {weight.shape[1]} of {weight.dtype}, found {input.shape.ShapeText()} of {input.dtype}.", nameof(input));
        input.RequireDevice(weight, nameof(input));
    }
}

/// <summary>One layer of <see cref="Mlp"/>: ReLU (but for the first layer), batch normalisation (where asked for), linear.</summary>
internal sealed class MlpLayer : nn.Module<Tensor, Tensor>
{
    // Named as they stand in state dictionaries.
    private readonly Parameter weight, bias;
    private readonly BatchNormalization? norm;
    private readonly bool rectifyInput;

    public MlpLayer(int inputs, int outputs, bool normalizeInput, bool rectifyInput, Generator generator, Device device) : base(nameof(MlpLayer))
    {
        // As PyTorch initialises linear layers, but from a generator of our own, so that networks can be made in parallel.
        var bound = 1 / Math.Sqrt(inputs);
        weight = new Parameter(empty(outputs, inputs, device: device).uniform_(-bound, bound, generator));
        bias = new Parameter(empty(outputs, device: device).uniform_(-bound, bound, generator));
        norm = normalizeInput ? new BatchNormalization(inputs, device) : null;
        this.rectifyInput = rectifyInput;
        RegisterComponents();
    }

    public Parameter Weight => weight;
    public int Inputs => (int)weight.shape[1];
    public bool IsNormalized => norm is not null;
    public IEnumerable<Parameter> Undecayed => norm is null ? [bias] : [bias, .. norm.parameters()];

    /// <summary>Weight, outputs × inputs, and bias that are in evaluation what normalisation and linear map are together.</summary>
    public (float[] Weight, float[] Bias) AffineMap()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (map, shift) = (weight.to(ScalarType.Float64), bias.to(ScalarType.Float64));
        if (norm is not null)
        {
            var (scale, offset) = norm.AffineMap();
            shift = shift.addmv(map, offset);
            map = map.mul(scale);
        }
        return (Floats(map), Floats(shift));

        static float[] Floats(Tensor values) => [.. values.to(ScalarType.Float32).cpu().contiguous().data<float>()];
    }

    /// <summary>batch × inputs → batch × outputs.</summary>
    public override Tensor forward(Tensor input)
    {
        if (rectifyInput) input = input.relu_(); // The output of the layer before, which nobody else needs.
        if (norm is null) return nn.functional.linear(input, weight, bias);
        if (!training || input.requires_grad) return nn.functional.linear(norm.call(input), weight, bias);
        // (x̂∘γ + β)·Wᵀ + b = x̂·(W∘γ)ᵀ + (b + W·β): as x̂ needs no gradient here, that of the product with the larger batch is saved.
        return nn.functional.linear(norm.Normalize(input), weight.mul(norm.Scale), bias.addmv(weight, norm.Shift));
    }
}

/// <summary>PyTorch's BatchNorm1d with its default settings, whose parts can be applied one by one.</summary>
internal sealed class BatchNormalization : nn.Module<Tensor, Tensor>
{
    private const double Epsilon = 1e-5; // torch's default.

    // Named as PyTorch names them in state dictionaries.
    private readonly Parameter weight, bias;
    private readonly Tensor running_mean, running_var;

    public BatchNormalization(int features, Device device) : base(nameof(BatchNormalization))
    {
        weight = new Parameter(ones(features, device: device));
        bias = new Parameter(zeros(features, device: device));
        running_mean = zeros(features, device: device);
        running_var = ones(features, device: device);
        RegisterComponents();
    }

    public Parameter Scale => weight;
    public Parameter Shift => bias;

    /// <summary>(x − mean)/√(variance + ε), neither scaled nor shifted.</summary>
    public Tensor Normalize(Tensor input) => nn.functional.batch_norm(input, running_mean, running_var, training: training);

    /// <summary>Factor and summand, float64, of each feature in evaluation.</summary>
    public (Tensor Scale, Tensor Offset) AffineMap()
    {
        var scale = weight.to(ScalarType.Float64).div(running_var.to(ScalarType.Float64).add(LiveScalar.Of(Epsilon)).sqrt());
        return (scale, bias.to(ScalarType.Float64).addcmul(running_mean.to(ScalarType.Float64), scale, LiveScalar.MinusOne));
    }

    public override Tensor forward(Tensor input) => nn.functional.batch_norm(input, running_mean, running_var, weight, bias, training);
}
