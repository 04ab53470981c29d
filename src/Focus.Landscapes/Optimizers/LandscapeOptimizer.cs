using System.Globalization;

namespace Focus;

/// <summary>An optimizer on a toy landscape, with its hyperparameters; the learning rate and the weight decay come from the
/// simulation.</summary>
/// <remarks>Weight decay pulls the parameters themselves towards 0: θ ← θ − η·(direction + ω·θ), with θ before the step
/// (arXiv:2501.12243).</remarks>
public abstract partial class LandscapeOptimizer
{
    private LandscapeOptimizer(string name, params (string Name, double Value)[] hyperparameters)
    {
        Name = name;
        Hyperparameters = hyperparameters;
    }

    /// <summary>The optimizer's name, such as "FOCUS".</summary>
    public string Name { get; }

    internal IReadOnlyList<(string Name, double Value)> Hyperparameters { get; }

    /// <summary>Adam with decoupled weight decay and bias correction.</summary>
    /// <param name="beta1">Decay of the first moment, at least 0 and below 1.</param>
    /// <param name="beta2">Decay of the second moment, at least 0 and below 1.</param>
    /// <param name="epsilon">Added to the root of the second moment, at least 1e-100 (smaller ones would overflow in the quotients).</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static LandscapeOptimizer Adam(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) =>
        new Of<AdamRule>(
            "Adam", new AdamRule(Guard.Fraction(beta1), Guard.Fraction(beta2), Guard.AtLeast(1e-100, epsilon)),
            ("beta1", beta1), ("beta2", beta2), ("epsilon", epsilon));

    /// <summary>FOCUS: sign(momentum) + γ·sign(distance from the parameters' average).</summary>
    /// <param name="beta1">Decay of the momentum, at least 0 and below 1.</param>
    /// <param name="beta2">Decay of the parameters' average, at least 0 and below 1.</param>
    /// <param name="gamma">Strength of the attraction to the average, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static LandscapeOptimizer Focus(double beta1 = 0.9, double beta2 = 0.9, double gamma = 0.2) =>
        new Of<FocusRule>(
            "FOCUS", new FocusRule(Guard.Fraction(beta1), Guard.Fraction(beta2), Guard.NonNegative(gamma)),
            ("beta1", beta1), ("beta2", beta2), ("gamma", gamma));

    /// <summary>Signum: the sign of the momentum.</summary>
    /// <param name="beta">Decay of the momentum, at least 0 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public static LandscapeOptimizer Signum(double beta = 0.9) =>
        new Of<SignumRule>("Signum", new SignumRule(Guard.Fraction(beta)), ("beta", beta));

    /// <summary>Lion (arXiv:2302.06675): the sign of a momentum that looks one gradient ahead.</summary>
    /// <param name="beta1">Weight of the momentum in the direction, at least 0 and below 1.</param>
    /// <param name="beta2">Decay of the momentum, at least 0 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static LandscapeOptimizer Lion(double beta1 = 0.9, double beta2 = 0.99) =>
        new Of<LionRule>("Lion", new LionRule(Guard.Fraction(beta1), Guard.Fraction(beta2)), ("beta1", beta1), ("beta2", beta2));

    /// <summary>Name and hyperparameters, such as "Signum(beta=0.9)".</summary>
    public override string ToString() =>
        $"{Name}({string.Join(", ", Hyperparameters.Select(h => string.Create(CultureInfo.InvariantCulture, $"{h.Name}={h.Value:R}")))})";

    /// <summary>What the rule wants to know of each step; at least as many steps as asked for.</summary>
    internal abstract (double First, double Second)[] Factors(int steps);

    internal abstract void Run<T, TSingle>(RunBatch batch) where T : struct, ILanes<T> where TSingle : struct, ISingleLanes<TSingle>;

    internal abstract void Trace(RunBatch batch, double learningRate, int replicate);

    private sealed class Of<TRule>(string name, TRule rule, params (string Name, double Value)[] hyperparameters)
        : LandscapeOptimizer(name, hyperparameters) where TRule : struct, IRule
    {
        private (double First, double Second)[] factors = [];

        internal override (double First, double Second)[] Factors(int steps)
        {
            var known = factors;
            if (known.Length >= steps) return known;
            known = new (double, double)[steps];
            for (var i = 0; i < steps; i++) known[i] = rule.Factors(i + 1);
            return factors = known;
        }

        internal override void Run<T, TSingle>(RunBatch batch) => batch.Options.Landscape.Run<T, TSingle, TRule>(batch, rule);

        internal override void Trace(RunBatch batch, double learningRate, int replicate) =>
            batch.Options.Landscape.Trace(batch, rule, learningRate, replicate);
    }
}
