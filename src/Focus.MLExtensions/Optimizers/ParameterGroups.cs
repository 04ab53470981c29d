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
