namespace Focus;

/// <summary>One step of an element-wise optimizer, for one parameter tensor: the optimizer's formula, written once for every kind of
/// memory.</summary>
/// <typeparam name="TSelf">The rule itself.</typeparam>
/// <typeparam name="TOptions">The optimizer's options.</typeparam>
/// <remarks>
/// A rule is a value that is made for one step of one tensor, with all that is the same for its elements. The optimizer calls it with a
/// vector of elements at a time where parameters are contiguous float32 on the CPU, and with whole tensors everywhere else.
/// A parameter has up to three tensors of state, which start at zero.
/// </remarks>
/// <example>
/// The sign of the gradient, with momentum:
/// <code>
/// var optimizer = new SignSgdOptions { LearningRate = 1e-3 }.CreateOptimizer(TorchSharp.torch.nn.Linear(10, 2).parameters());
///
/// public sealed record SignSgdOptions : OptimizerSettings
/// {
///     public double Momentum { get; init; } = 0.9;
///
///     public override string Name => "SignSGD";
///
///     protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise&lt;SignSgdRule, SignSgdOptions&gt;();
/// }
///
/// internal readonly struct SignSgdRule(SignSgdOptions options, double learningRate) : IUpdateRule&lt;SignSgdRule, SignSgdOptions&gt;
/// {
///     private readonly Coefficient momentum = options.Momentum, descent = -learningRate;
///
///     public static int StateCount => 1;
///
///     public static SignSgdRule At(SignSgdOptions options, UpdateStep step) => new(options, step.LearningRate);
///
///     public void Update&lt;T&gt;(ref T parameter, T gradient, ref T velocity, ref T second, ref T third) where T : struct, IElements&lt;T&gt;
///     {
///         velocity = velocity * momentum + T.Sign(gradient);
///         parameter = T.MultiplyAdd(velocity, descent, parameter);
///     }
/// }
/// </code>
/// </example>
public interface IUpdateRule<TSelf, TOptions> : IUpdateRule, IOptimizerRule<TSelf, TOptions>
    where TSelf : struct, IUpdateRule<TSelf, TOptions>
    where TOptions : OptimizerSettings;

/// <summary>The formula of an <see cref="IUpdateRule{TSelf, TOptions}"/>.</summary>
public interface IUpdateRule : IOptimizerRule
{
    /// <summary>Updates elements and their state. States beyond <see cref="IOptimizerRule.StateCount"/> have no meaning.</summary>
    void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>;
}

/// <summary>An element-wise optimizer that needs sums over blocks of a parameter tensor before it updates the elements, such as a norm or a
/// mean: two passes over memory.</summary>
/// <typeparam name="TSelf">The rule itself.</typeparam>
/// <typeparam name="TOptions">The optimizer's options.</typeparam>
public interface IMeasuredRule<TSelf, TOptions> : IMeasuredRule, IOptimizerRule<TSelf, TOptions>
    where TSelf : struct, IMeasuredRule<TSelf, TOptions>
    where TOptions : OptimizerSettings
{
    /// <summary>How many consecutive elements of a tensor make a block; a divisor of their number. By default a tensor is one block.</summary>
    static virtual long BlockLength(TOptions options, ParameterLayout layout) => layout.ElementCount;
}

/// <summary>The formula of an <see cref="IMeasuredRule{TSelf, TOptions}"/>.</summary>
public interface IMeasuredRule : IOptimizerRule
{
    /// <summary>How many numbers a block keeps from step to step, such as a second moment; they start at 0.</summary>
    static virtual int BlockMemoryCount => 0;

    /// <summary>How many sums <see cref="Measure"/> makes, 1 to 4: A, then B, C and D.</summary>
    static virtual int SumCount => 4;

    /// <summary>The arrays that <see cref="Measure"/> looks at; the others are not read in the first pass.</summary>
    static virtual MeasuredArrays Measured => MeasuredArrays.All;

    /// <summary>Whether this step needs sums. Where it does not, <see cref="Decide"/> sees zeros, and there is one pass only.</summary>
    bool NeedsSums { get; }

    /// <summary>Adds what elements contribute to their block's sums; nothing where all are 0. Nothing is updated yet.</summary>
    void Measure<T>(T parameter, T gradient, T first, T second, T third, ref BlockSums<T> sums) where T : struct, IElements<T>;

    /// <summary>Decides, from a tensor's sums, the factors with which its blocks are updated.</summary>
    void Decide(BlockDecision blocks);

    /// <summary>Updates elements and their state, with the factors of their block. States beyond
    /// <see cref="IOptimizerRule.StateCount"/> have no meaning.</summary>
    void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T third, T factor, T otherFactor) where T : struct, IElements<T>;
}

/// <summary>Arrays of a parameter.</summary>
[Flags]
public enum MeasuredArrays
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The parameter.</summary>
    Parameter = 1,

    /// <summary>Its gradient.</summary>
    Gradient = 2,

    /// <summary>The first tensor of state.</summary>
    First = 4,

    /// <summary>The second tensor of state.</summary>
    Second = 8,

    /// <summary>The third tensor of state.</summary>
    Third = 16,

    /// <summary>All.</summary>
    All = Parameter | Gradient | First | Second | Third,
}

/// <summary>The state of a rule.</summary>
/// <remarks>The loops over memory know a rule by the interfaces without type parameters: code for a class as a type argument is shared between
/// classes, and would look up each call.</remarks>
public interface IOptimizerRule
{
    /// <summary>How many tensors of state a parameter has, each as large as the parameter: 0 to 3.</summary>
    static abstract int StateCount { get; }

    /// <summary>How many numbers a parameter keeps from step to step besides, such as a running product; they start at 0.</summary>
    static virtual int MemoryCount => 0;
}

/// <summary>How a rule is made from an optimizer's options.</summary>
/// <typeparam name="TSelf">The rule itself.</typeparam>
/// <typeparam name="TOptions">The optimizer's options.</typeparam>
public interface IOptimizerRule<TSelf, TOptions> : IOptimizerRule
    where TSelf : struct, IOptimizerRule<TSelf, TOptions>
    where TOptions : OptimizerSettings
{
    /// <summary>The rule of a step.</summary>
    static abstract TSelf At(TOptions options, UpdateStep step);
}

/// <summary>When an update rule is made: the step, the learning rate, the parameter's shape and role, and what it remembers.</summary>
/// <param name="number">The step of the parameter, counted from 1.</param>
/// <param name="learningRate">The learning rate of the step, finite and ≥ 0.</param>
/// <param name="layout">The shape and the role of the parameter.</param>
/// <param name="memory">The parameter's numbers, to read and to change.</param>
public readonly ref struct UpdateStep(long number, double learningRate, ParameterLayout layout, Span<double> memory)
{
    /// <summary>The step of the parameter, counted from 1.</summary>
    public long Number => number;

    /// <summary>The learning rate of the step, finite and ≥ 0.</summary>
    public double LearningRate => learningRate;

    /// <summary>The shape and the role of the parameter.</summary>
    public ParameterLayout Layout => layout;

    /// <summary>The parameter's numbers, to read and to change.</summary>
    public Span<double> Memory { get; } = memory;

    /// <summary>1 − β^t, by which an average of t values that began at zero is too small.</summary>
    public double Correction(double beta) => 1 - Math.Pow(beta, number);
}

/// <summary>The sums of a block, while they are made.</summary>
/// <typeparam name="T">The kind of elements.</typeparam>
public struct BlockSums<T>
{
    /// <summary>The first sum.</summary>
    public T A;

    /// <summary>The second sum.</summary>
    public T B;

    /// <summary>The third sum.</summary>
    public T C;

    /// <summary>The fourth sum.</summary>
    public T D;
}

/// <summary>The sums of a tensor's blocks, and the factors that follow from them.</summary>
public readonly ref struct BlockDecision
{
    internal const int FactorCount = 2;

    private readonly ReadOnlySpan<double> sums;
    private readonly Span<double> factors, memory;
    private readonly int sumCount, memoryCount;

    internal BlockDecision(ReadOnlySpan<double> sums, int sumCount, Span<double> factors, Span<double> memory, long blockLength)
    {
        this.sums = sums;
        this.sumCount = sumCount;
        this.factors = factors;
        this.memory = memory;
        Count = factors.Length / FactorCount;
        BlockLength = blockLength;
        memoryCount = memory.Length / Count;
    }

    /// <summary>How many blocks there are.</summary>
    public int Count { get; }

    /// <summary>The elements of a block.</summary>
    public long BlockLength { get; }

    /// <summary>The sums of a block; 0 for those that the rule does not make.</summary>
    public BlockSums<double> Sums(int block)
    {
        var own = sums.Slice(block * sumCount, sumCount);
        return new() { A = own[0], B = sumCount > 1 ? own[1] : 0, C = sumCount > 2 ? own[2] : 0, D = sumCount > 3 ? own[3] : 0 };
    }

    /// <summary>What a block remembers, to read and to change.</summary>
    public Span<double> Memory(int block) => memory.Slice(block * memoryCount, memoryCount);

    /// <summary>Sets the factors of a block.</summary>
    public void Set(int block, double factor, double otherFactor = 0)
        => (factors[block * FactorCount], factors[block * FactorCount + 1]) = (factor, otherFactor);
}

/// <summary>Elements of tensors with which an update rule computes: a vector of them, or all at once.</summary>
/// <typeparam name="TSelf">The kind of elements.</typeparam>
public interface IElements<TSelf> where TSelf : struct, IElements<TSelf>
{
    /// <summary>a + b.</summary>
    static abstract TSelf operator +(TSelf a, TSelf b);

    /// <summary>a − b.</summary>
    static abstract TSelf operator -(TSelf a, TSelf b);

    /// <summary>a·b.</summary>
    static abstract TSelf operator *(TSelf a, TSelf b);

    /// <summary>a / b.</summary>
    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary>a + c.</summary>
    static abstract TSelf operator +(TSelf a, Coefficient c);

    /// <summary>a·c.</summary>
    static abstract TSelf operator *(TSelf a, Coefficient c);

    /// <summary>a / c.</summary>
    static abstract TSelf operator /(TSelf a, Coefficient c);

    /// <summary>a·c + b, rounded once.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, Coefficient c, TSelf b);

    /// <summary>√a.</summary>
    static abstract TSelf Sqrt(TSelf a);

    /// <summary>a^c, for a ≥ 0.</summary>
    static abstract TSelf Pow(TSelf a, Coefficient c);

    /// <summary>|a|.</summary>
    static abstract TSelf Abs(TSelf a);

    /// <summary>The sign of a as −1, 0 or 1; 0 for NaN.</summary>
    static abstract TSelf Sign(TSelf a);

    /// <summary>1 where a &gt; 0, otherwise 0.</summary>
    static abstract TSelf Positive(TSelf a);

    /// <summary>The smaller of a and c.</summary>
    static abstract TSelf Min(TSelf a, Coefficient c);

    /// <summary>The larger of a and b.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);
}

/// <summary>A constant of an update rule.</summary>
/// <param name="value">The constant.</param>
public readonly struct Coefficient(double value)
{
    /// <summary>The constant.</summary>
    public double Value => value;

    /// <summary>The constant in single precision.</summary>
    internal float Single { get; } = (float)value;

    /// <summary>A number as a constant of an update rule.</summary>
    public static implicit operator Coefficient(double value) => new(value);
}
