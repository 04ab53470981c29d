using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Finds the roles of a module's parameters, for modules that do not say them.</summary>
public static class ParameterGroups
{
    /// <summary>The parameters of a module, grouped by role. Gains and biases do not decay.</summary>
    /// <param name="module">The module. Its submodules' types give the roles: two-dimensional weights of linear, bilinear and recurrent layers are
    /// hidden matrices, weights of convolutions are kernels, those of embeddings are embeddings, and parameters with one dimension gains or
    /// biases. Where a module has several linear layers, the last that it registered is the head. Parameters of other modules with two
    /// dimensions or more are hidden matrices.</param>
    /// <param name="role">Overrides the role of a parameter, by its name, where it does not return null.</param>
    /// <exception cref="ArgumentException">The module has no parameters.</exception>
    /// <example>
    /// <code>
    /// using static TorchSharp.torch;
    ///
    /// var network = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10));
    /// using var optimizer = new AdamMiniOptions { LearningRate = 1e-3 }.CreateOptimizer(ParameterGroups.For(network));
    /// </code>
    /// </example>
    public static IReadOnlyList<ParameterGroup> For(nn.Module module, Func<string, ParameterRole?>? role = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        var linear = Submodules(module).Where(named => named.Module is Linear).Select(named => named.Name).ToList();
        var head = linear.Count > 1 ? linear[^1] : null;
        var roles = Submodules(module).ToDictionary(named => named.Name, named => RoleOf(named.Module, isHead: named.Name == head));
        var groups =
            from named in module.named_parameters()
            let owner = named.name[..Math.Max(0, named.name.LastIndexOf('.'))]
            let own = role?.Invoke(named.name)
                ?? (named.parameter.ndim < 2 ? ParameterRole.GainOrBias : roles.GetValueOrDefault(owner) ?? ParameterRole.HiddenMatrix)
            group named.parameter by own into alike
            orderby alike.Key
            select new ParameterGroup(alike) { Role = alike.Key, WeightDecay = alike.Key == ParameterRole.GainOrBias ? 0 : null };
        IReadOnlyList<ParameterGroup> all = [.. groups];
        return all.Count > 0 ? all : throw new ArgumentException($"The module {module.GetName()} has no parameters.", nameof(module));
    }

    private static IEnumerable<(string Name, nn.Module Module)> Submodules(nn.Module module)
        => module.named_modules().Append(("", module)).DistinctBy(named => named.Item1).Select(named => (named.Item1, named.Item2));

    private static ParameterRole? RoleOf(nn.Module module, bool isHead) => module switch
    {
        Linear => isHead ? ParameterRole.Head : ParameterRole.HiddenMatrix,
        Embedding or EmbeddingBag => ParameterRole.Embedding,
        Conv1d or Conv2d or Conv3d or ConvTranspose1d or ConvTranspose2d or ConvTranspose3d => ParameterRole.ConvolutionKernel,
        _ => null,
    };
}

/// <summary>What parameters are for. Models say it through their <see cref="ParameterGroup"/>s; some optimizers treat roles
/// differently.</summary>
public enum ParameterRole
{
    /// <summary>Not said. Optimizers for matrices take parameters with two dimensions or more as <see cref="HiddenMatrix"/>, others as
    /// <see cref="GainOrBias"/>.</summary>
    Unspecified,

    /// <summary>The weights of a linear layer between hidden layers, of shape outputs × inputs.</summary>
    HiddenMatrix,

    /// <summary>The kernel of a convolution, of shape outputs × inputs × size.</summary>
    ConvolutionKernel,

    /// <summary>A table of vectors, one for each token or position, of shape entries × width.</summary>
    Embedding,

    /// <summary>The weights of the last layer, of shape classes × width.</summary>
    Head,

    /// <summary>The gain of a normalisation, or a bias.</summary>
    GainOrBias,
}

/// <summary>Parameters that share a learning rate and a weight decay.</summary>
/// <param name="parameters">The parameters; each may appear in one group only.</param>
public sealed class ParameterGroup(IEnumerable<Parameter> parameters)
{
    /// <summary>The parameters of the group.</summary>
    public IReadOnlyList<Parameter> Parameters { get; } = [.. parameters];

    /// <summary>The group's learning rate, finite and ≥ 0, or null for the optimizer's.</summary>
    public double? LearningRate { get; init; }

    /// <summary>The group's weight decay, finite and ≥ 0, or null for the optimizer's. Models give 0 to biases and normalisation
    /// parameters.</summary>
    public double? WeightDecay { get; init; }

    /// <summary>What the parameters are for.</summary>
    public ParameterRole Role
    {
        get;
        init => field = Check.Defined(value, nameof(Role));
    }

    /// <summary>How many matrices of equal shape lie one below the other in each parameter, such as 3 for queries, keys and values; at least
    /// 1. Optimizers for matrices update each on its own.</summary>
    public int StackedMatrices
    {
        get;
        init => field = Check.AtLeast(1, value, nameof(StackedMatrices));
    } = 1;

    /// <summary>How many attention heads share the rows of each matrix, at least 1.</summary>
    public int Heads
    {
        get;
        init => field = Check.AtLeast(1, value, nameof(Heads));
    } = 1;

    /// <summary>The optimizer's options as they are for this group.</summary>
    internal TOptions Own<TOptions>(TOptions options) where TOptions : OptimizerSettings
    {
        var own = options with
        {
            LearningRate = LearningRate ?? options.LearningRate,
            WeightDecay = WeightDecay ?? options.WeightDecay,
        };
        own.Validate();
        return own;
    }
}

/// <summary>The shape of a parameter, and what its group says of it.</summary>
/// <param name="Shape">The parameter's shape.</param>
/// <param name="Role">What it is for; never <see cref="ParameterRole.Unspecified"/>.</param>
/// <param name="StackedMatrices">How many matrices lie one below the other.</param>
/// <param name="Heads">How many attention heads share the rows of each matrix.</param>
public sealed record ParameterLayout(IReadOnlyList<long> Shape, ParameterRole Role, int StackedMatrices, int Heads)
{
    /// <summary>The number of elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, length) => product * length);

    /// <summary>The elements of a row: of all that one entry of the first dimension spans; all elements where there is one dimension or
    /// none.</summary>
    public long RowLength => Shape.Count > 1 ? ElementCount / Math.Max(1, Shape[0]) : ElementCount;

    /// <summary>The role of a parameter of which nothing but the shape is known.</summary>
    internal static ParameterRole RoleOf(IReadOnlyList<long> shape) => shape.Count >= 2 ? ParameterRole.HiddenMatrix : ParameterRole.GainOrBias;
}
