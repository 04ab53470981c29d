using System.Globalization;
using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>An optimizer on a toy landscape, with its hyperparameters; the learning rate and the weight decay come from the
/// simulation.</summary>
/// <remarks>
/// Adam, FOCUS, Signum and Lion are compiled into the simulation, and so the fastest. Their weight decay pulls the parameters themselves towards
/// 0: θ ← θ − η·(direction + ω·θ), with θ before the step (arXiv:2501.12243). <see cref="From"/> takes any other of the library's element-wise
/// optimizers, with the meaning of its own options.
/// </remarks>
public abstract class LandscapeOptimizer
{
    private protected LandscapeOptimizer(string name, params (string Name, double Value)[] hyperparameters)
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
            "Adam", new(Check.Fraction(beta1), Check.Fraction(beta2), Check.AtLeast(1e-100, epsilon)),
            ("beta1", beta1), ("beta2", beta2), ("epsilon", epsilon));

    /// <summary>FOCUS: sign(momentum) + γ·sign(distance from the parameters' average).</summary>
    /// <param name="beta1">Decay of the momentum, at least 0 and below 1.</param>
    /// <param name="beta2">Decay of the parameters' average, at least 0 and below 1.</param>
    /// <param name="gamma">Strength of the attraction to the average, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static LandscapeOptimizer Focus(double beta1 = 0.9, double beta2 = 0.9, double gamma = 0.2) =>
        new Of<FocusRule>(
            "FOCUS", new FocusRule(Check.Fraction(beta1), Check.Fraction(beta2), Check.NonNegative(gamma)),
            ("beta1", beta1), ("beta2", beta2), ("gamma", gamma));

    /// <summary>Signum: the sign of the momentum.</summary>
    /// <param name="beta">Decay of the momentum, at least 0 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public static LandscapeOptimizer Signum(double beta = 0.9) =>
        new Of<SignumRule>("Signum", new SignumRule(Check.Fraction(beta)), ("beta", beta));

    /// <summary>Lion (arXiv:2302.06675): the sign of a momentum that looks one gradient ahead.</summary>
    /// <param name="beta1">Weight of the momentum in the direction, at least 0 and below 1.</param>
    /// <param name="beta2">Decay of the momentum, at least 0 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static LandscapeOptimizer Lion(double beta1 = 0.9, double beta2 = 0.99) =>
        new Of<LionRule>("Lion", new LionRule(Check.Fraction(beta1), Check.Fraction(beta2)), ("beta1", beta1), ("beta2", beta2));

    /// <summary>One of the library's element-wise optimizers, or one of your own.</summary>
    /// <param name="settings">Its options. Learning rate and weight decay do not matter, as the simulation sets both.</param>
    /// <param name="name">The name in results, without commas, quotes and braces; null for <see cref="OptimizerSettings.Name"/>. Optimizers of
    /// one kind need different names.</param>
    /// <remarks>
    /// The optimizer's own rule runs, in float64, on the point as a single parameter, a vector, even where it would leave vectors to another
    /// optimizer: norms and means are over the point's coordinates. Optimizers that need the curvature, such as Sophia-G, get the exact diagonal of
    /// the Hessian, without noise. The final loss of an <see cref="IAveragingOptimizer"/> is that of its average; on the way the weights in training
    /// count.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">A hyperparameter is outside its range.</exception>
    /// <exception cref="ArgumentException">The optimizer is not element-wise or needs two gradients a step, or the name is not valid.</exception>
    /// <exception cref="NotSupportedException">The options have no update method.</exception>
    /// <example>
    /// <code>
    /// var scan = new LandscapeScan.Options
    /// {
    ///     Optimizers =
    ///     [
    ///         LandscapeOptimizer.Focus(),
    ///         LandscapeOptimizer.From(new CautiousAdamWOptions()),
    ///         LandscapeOptimizer.From(new SgdOptions { Momentum = 0.9 }),
    ///         LandscapeOptimizer.From(new SgdOptions { Momentum = 0 }, "SGD without momentum"),
    ///     ],
    /// };
    /// </code>
    /// </example>
    public static LandscapeOptimizer From(OptimizerSettings settings, string? name = null) => RuleOptimizer.Create(settings, name ?? settings?.Name);

    /// <summary>Name and hyperparameters, such as "Signum(beta=0.9)".</summary>
    public override string ToString() =>
        $"{Name}({string.Join(", ", Hyperparameters.Select(h => string.Create(CultureInfo.InvariantCulture, $"{h.Name}={h.Value:R}")))})";

    /// <summary>The rule's factors of each step, for at least this many steps.</summary>
    internal abstract (double First, double Second)[] Factors(int steps);

    internal abstract void Run<T, TSingle>(RunBatch batch) where T : struct, ILanes<T> where TSingle : struct, ISingleLanes<TSingle>;

    internal class Of<TRule>(string name, TRule rule, params (string Name, double Value)[] hyperparameters)
        : LandscapeOptimizer(name, hyperparameters) where TRule : struct, IRule
    {
        private (double First, double Second)[] factors = [];

        internal override (double First, double Second)[] Factors(int steps)
        {
            var known = factors; // Other threads may replace the field meanwhile.
            return known.Length >= steps ? known : factors = [.. Enumerable.Range(1, steps).Select(rule.Factors)];
        }

        internal override void Run<T, TSingle>(RunBatch batch) => batch.Options.Landscape.Run<T, TSingle, TRule>(batch, rule);
    }

    /// <summary>Reads what <see cref="ToString"/> writes, such as "FOCUS(beta1=0.9, beta2=0.9, gamma=0.2)".</summary>
    /// <exception cref="FormatException">The text is not of this form, or the optimizer is none of the library's.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A hyperparameter is outside its range.</exception>
    public static LandscapeOptimizer Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (RuleOptimizer.IsText(text)) return RuleOptimizer.Read(text);
        var parts = text.Split('(', '=', ',', ')'); // The name, then names and values in turn.
        var values = parts.Skip(1).Where((_, i) => i % 2 == 1)
            .Select(part => double.TryParse(part, CultureInfo.InvariantCulture, out var value) ? value : double.NaN).ToArray();
        var optimizer = (parts[0], values) switch
        {
            ("Adam", [var beta1, var beta2, var epsilon]) => Adam(beta1, beta2, epsilon),
            ("FOCUS", [var beta1, var beta2, var gamma]) => Focus(beta1, beta2, gamma),
            ("Signum", [var beta]) => Signum(beta),
            ("Lion", [var beta1, var beta2]) => Lion(beta1, beta2),
            _ => null,
        };
        return optimizer?.ToString() == text ? optimizer
            : throw new FormatException(
                $"'{text}' is not an optimizer; expected a name and hyperparameters such as '{Focus()}', '{Adam()}', '{Signum()}' or '{Lion()}'.");
    }

    /// <summary>θ ← θ − η( sign(m) + γ·sign(θ − θ̂) + ω·θ ), all with θ before the step. m and θ̄ are kept divided by (1 − β).</summary>
    private readonly struct FocusRule(double beta1, double beta2, double gamma) : IRule
    {
        public (double First, double Second) Factors(int step) => ((1 - beta2) / (1 - Math.Pow(beta2, step)), 0);

        [MethodImpl(Lanes.Inline)]
        public void Step<T>(ref T p, ref T s0, ref T s1, T gradient, T rate, T keep, T first, T second) where T : struct, IArithmetic<T>
        {
            s0 = T.MultiplyAdd(T.Broadcast(beta1), s0, gradient);
            s1 = T.MultiplyAdd(T.Broadcast(beta2), s1, p);
            var away = T.SubtractProduct(p, s1, first);
            p = T.MultiplySubtract(p, keep, T.SignOf(s0, rate)) - T.SignOf(away, rate * T.Broadcast(gamma));
        }
    }

    /// <summary>θ ← θ − η( sign(m) + ω·θ ). m is kept divided by (1 − β).</summary>
    private readonly struct SignumRule(double beta) : IRule
    {
        [MethodImpl(Lanes.Inline)]
        public void Step<T>(ref T p, ref T s0, ref T s1, T gradient, T rate, T keep, T first, T second) where T : struct, IArithmetic<T>
        {
            s0 = T.MultiplyAdd(T.Broadcast(beta), s0, gradient);
            p = T.MultiplySubtract(p, keep, T.SignOf(s0, rate));
        }
    }

    /// <summary>Lion (arXiv:2302.06675): θ ← θ − η( sign(β1·m + (1 − β1)·g) + ω·θ ), then m ← β2·m + (1 − β2)·g.</summary>
    private readonly struct LionRule(double beta1, double beta2) : IRule
    {
        [MethodImpl(Lanes.Inline)]
        public void Step<T>(ref T p, ref T s0, ref T s1, T gradient, T rate, T keep, T first, T second) where T : struct, IArithmetic<T>
        {
            var direction = T.MultiplyAdd(T.Broadcast(beta1), s0, T.Broadcast(1 - beta1) * gradient);
            s0 = T.MultiplyAdd(T.Broadcast(beta2), s0, T.Broadcast(1 - beta2) * gradient);
            p = T.MultiplySubtract(p, keep, T.SignOf(direction, rate));
        }
    }

    /// <summary>AdamW. The moments are kept divided by (1 − β1) and (1 − β2); those constants and the bias corrections meet in the
    /// factors.</summary>
    private readonly struct AdamRule(double beta1, double beta2, double epsilon) : IRule
    {
        public (double First, double Second) Factors(int step)
        {
            var root = Math.Sqrt((1 - Math.Pow(beta2, step)) / (1 - beta2));
            return (root * (1 - beta1) / (1 - Math.Pow(beta1, step)), root * epsilon);
        }

        [MethodImpl(Lanes.Inline)]
        public void Step<T>(ref T p, ref T s0, ref T s1, T gradient, T rate, T keep, T first, T second) where T : struct, IArithmetic<T>
        {
            s0 = T.MultiplyAdd(T.Broadcast(beta1), s0, gradient);
            s1 = T.MultiplyAdd(T.Broadcast(beta2), s1, gradient * gradient);
            p = T.MultiplySubtract(p, keep, rate * first * s0 / (T.Sqrt(s1) + second));
        }
    }
}

/// <summary>One optimizer as an element-wise rule: state of up to two numbers per coordinate, starting at 0.</summary>
/// <remarks>Such structs are for the optimizers that must be fastest; each has a factory in <see cref="LandscapeOptimizer"/>. Any other
/// optimizer runs by its update rule, see <see cref="RuleOptimizer"/>.</remarks>
internal interface IRule
{
    /// <summary>What depends on the step (1, 2, …) only, such as bias corrections.</summary>
    (double First, double Second) Factors(int step) => default;

    /// <summary>One step: <paramref name="p"/> is the coordinate, <paramref name="rate"/> the learning rate,
    /// <paramref name="keep"/> is 1 − rate·weight decay.</summary>
    void Step<T>(ref T p, ref T s0, ref T s1, T gradient, T rate, T keep, T first, T second) where T : struct, IArithmetic<T>;
}
