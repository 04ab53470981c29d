namespace Focus;

/// <summary>All optimizers of the library, with their default options.</summary>
public static class Optimizers
{
    /// <summary>The default options of each optimizer.</summary>
    public static IReadOnlyList<OptimizerSettings> All { get; } =
    [
        new FocusOptions(), new SignumOptions(), new LionOptions(), new CautiousLionOptions(), new SgdOptions(), new SgdpOptions(), new SgdSaiOptions(),
        new AdamWOptions(), new CautiousAdamWOptions(), new NAdamOptions(), new RAdamOptions(), new AdaBeliefOptions(), new AdEMAMixOptions(),
        new EXAdamOptions(), new AdamPOptions(), new LambOptions(), new MarsOptions(), new AdamMiniOptions(), new Adam8BitOptions(),
        new AdafactorOptions(), new ScheduleFreeAdamWOptions(), new SophiaGOptions(), new AdaHessianOptions(), new MuonOptions(), new NorMuonOptions(),
        new RootOptions(), new AuOnOptions(), new SoapOptions(), new CosmosOptions(), new CondaOptions(), new ApolloOptions(),
    ];

    /// <summary>The default options of an optimizer.</summary>
    /// <param name="name">Its <see cref="OptimizerSettings.Name"/>; case, hyphens and underscores do not matter, so <c>schedule-free-adamw</c> is
    /// right, too.</param>
    /// <exception cref="ArgumentException">There is no such optimizer; the message lists them.</exception>
    /// <example>
    /// <code>
    /// var settings = Optimizers.Named("lion") with { LearningRate = 3e-4, WeightDecay = 0.3 };
    /// </code>
    /// </example>
    public static OptimizerSettings Named(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(settings => Plain(settings.Name) == Plain(name)) ?? throw new ArgumentException(
            $"There is no optimizer '{name}'; there are {string.Join(", ", All.Select(settings => settings.Name.ToLowerInvariant()))}.", nameof(name));
    }

    private static string Plain(string name) => name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
}
