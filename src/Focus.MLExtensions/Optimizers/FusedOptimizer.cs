using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>One step of an element-wise optimizer, written twice: over vectors for the fused loop, and over tensors for every other device
/// and type.</summary>
/// <remarks>A rule is a value made for one step of one parameter tensor. It has up to two tensors of state, which start at zero.</remarks>
internal interface IUpdateRule
{
    /// <summary>How many tensors of state a parameter has: 1 or 2.</summary>
    static abstract int StateCount { get; }

    /// <summary>Updates a vector of parameters and their state; <paramref name="second"/> is unused where <see cref="StateCount"/> is
    /// 1.</summary>
    void Update(ref Vector<float> parameter, Vector<float> gradient, ref Vector<float> first, ref Vector<float> second);

    /// <summary>Updates a whole tensor and its state in place; <paramref name="second"/> is the first again where <see cref="StateCount"/>
    /// is 1.</summary>
    void Update(Tensor parameter, Tensor gradient, Tensor first, Tensor second);
}

/// <summary>An update rule that is made from an optimizer's options.</summary>
internal interface IUpdateRule<TSelf, TOptions> : IUpdateRule where TSelf : struct, IUpdateRule<TSelf, TOptions>
{
    /// <summary>The rule at a step, counted from 1.</summary>
    static abstract TSelf At(TOptions options, double learningRate, long step);
}

/// <summary>Options with a momentum, whose decay TorchSharp's schedulers may cycle.</summary>
internal interface IMomentumOptions<TSelf>
{
    double Momentum { get; }

    TSelf WithMomentum(double momentum);
}

/// <summary>An optimizer whose step is an <see cref="IUpdateRule{TSelf, TOptions}"/> applied to each parameter tensor.</summary>
/// <remarks>
/// Contiguous float32 tensors on the CPU are gathered into one <see cref="FusedLoop{TRule}"/>: one pass over memory, on all cores.
/// Everything else takes tensor operations with the same result. The optimizer and its groups are <see cref="optim.IMomentum"/>,
/// as <c>CyclicLR</c> and <c>OneCycleLR</c> require, which change the momentum's decay along with the learning rate.
/// </remarks>
internal sealed class FusedOptimizer<TRule, TOptions> : OptimizerHelper, optim.IMomentum
    where TRule : struct, IUpdateRule<TRule, TOptions>
    where TOptions : OptimizerSettings, IMomentumOptions<TOptions>
{
    private readonly FusedLoop<TRule> fusedLoop = new();

    public FusedOptimizer(IEnumerable<ParameterGroup> groups, TOptions options)
    {
        ArgumentNullException.ThrowIfNull(groups);
        options.Validate();
        _defaults = new GroupOptions<TOptions>(options);
        _parameter_groups = new List<ParamGroup>();
        foreach (var group in groups) add_param_group(new FusedGroup<TOptions>(group, options));
        if (!parameters().Any()) throw new ArgumentException("There is no parameter to optimize.", nameof(groups));
    }

    public double Momentum
    {
        get => _parameter_groups.Cast<FusedGroup<TOptions>>().First().Momentum;
        set { foreach (var group in _parameter_groups.Cast<FusedGroup<TOptions>>()) group.Momentum = value; }
    }

    /// <summary>Adds a group, whose options are the optimizer's own unless it brings some, with fresh state for its parameters.</summary>
    public override void add_param_group(ParamGroup group)
    {
        var added = group as FusedGroup<TOptions> ?? new FusedGroup<TOptions>(group, (GroupOptions<TOptions>)_defaults);
        foreach (var parameter in added.Parameters)
        {
            if (_state.ContainsKey(parameter.Handle))
                throw new ArgumentException(
                    $"A parameter of shape [{string.Join(", ", parameter.shape)}] appears more than once in the optimizer's groups.", nameof(group));
            var state = new ElementwiseState(parameter, TRule.StateCount);
            state.Initialize(added.Options);
            _state[parameter.Handle] = state;
        }
        _parameter_groups.Add(added);
    }

    /// <summary>Updates every parameter that has a gradient.</summary>
    public override Tensor step(Func<Tensor>? closure = null)
    {
        try
        {
            var loss = _step<FusedGroup<TOptions>>(Gather, closure);
            fusedLoop.Run();
            return loss;
        }
        finally
        {
            fusedLoop.Clear(); // Also after a step that failed: by the next one the gradients may have moved.
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing) return;
        foreach (var (_, state) in _state) ((ElementwiseState)state).Dispose();
    }

    private void Gather(FusedGroup<TOptions> group)
    {
        foreach (var parameter in group.Parameters)
        {
            if (parameter.grad is not { } gradient) continue;
            var state = (ElementwiseState)_state[parameter.Handle];
            var rule = TRule.At(group.Options.Hyperparameters, group.LearningRate, ++state.Step);
            if (!fusedLoop.TryAdd(rule, gradient, state)) rule.Update(parameter, gradient, state.First, state.Second);
        }
    }
}

/// <summary>A parameter group of a <see cref="FusedOptimizer{TRule, TOptions}"/>.</summary>
internal sealed class FusedGroup<TOptions> : ParamGroup<GroupOptions<TOptions>>, optim.IMomentum
    where TOptions : OptimizerSettings, IMomentumOptions<TOptions>
{
    /// <summary>TorchSharp's CyclicLR adds to the highest momentum what PyTorch's subtracts from it, so its defaults reach 1: a bias correction
    /// would divide by zero.</summary>
    private const double HighestMomentum = 0.99;

    public FusedGroup(ParameterGroup group, TOptions options) : base(group.Parameters, new GroupOptions<TOptions>(group.Own(options)))
    {
    }

    /// <summary>A group in TorchSharp's form, with options of its own or else the optimizer's.</summary>
    public FusedGroup(ParamGroup group, GroupOptions<TOptions> defaults)
        : base(group.Parameters, group.Options as GroupOptions<TOptions> ?? new GroupOptions<TOptions>(defaults.Hyperparameters))
    {
    }

    /// <summary>The decay of the momentum, at most <see cref="HighestMomentum"/>.</summary>
    public double Momentum
    {
        get => Options.Hyperparameters.Momentum;
        set => Options.Hyperparameters = Options.Hyperparameters.WithMomentum(Math.Min(value, HighestMomentum));
    }
}

/// <summary>The hyperparameters of one parameter group, in the form TorchSharp's optimizers and schedulers handle and save.</summary>
internal sealed class GroupOptions<TOptions> : TorchSharp.Modules.OptimizerOptions where TOptions : OptimizerSettings
{
    public GroupOptions(TOptions hyperparameters)
    {
        Hyperparameters = hyperparameters;
        LearningRate = InitialLearningRate = hyperparameters.LearningRate;
    }

    /// <summary>All hyperparameters; the current learning rate is not here but in the base class, where schedulers set it.</summary>
    public TOptions Hyperparameters { get; set; }

    public override void SaveStateDict(BinaryWriter writer)
    {
        base.SaveStateDict(writer);
        writer.Write(typeof(TOptions).Name);
        writer.Write(JsonSerializer.Serialize(Hyperparameters));
    }

    public override void LoadStateDict(BinaryReader reader)
    {
        base.LoadStateDict(reader);
        if (reader.ReadString() is var found && found != typeof(TOptions).Name)
            throw new InvalidDataException($"The saved optimizer state has {found}; expected {typeof(TOptions).Name}.");
        Hyperparameters = JsonSerializer.Deserialize<TOptions>(reader.ReadString())!;
    }

    public override void LoadStateDict(TorchSharp.Modules.OptimizerOptions source)
    {
        base.LoadStateDict(source);
        Hyperparameters = source is GroupOptions<TOptions> same
            ? same.Hyperparameters
            : throw new ArgumentException($"Expected the state of an optimizer with {typeof(TOptions).Name}, found {source.GetType().Name}.", nameof(source));
    }
}

/// <summary>The step count and the one or two state tensors of one parameter.</summary>
internal sealed unsafe class ElementwiseState(Parameter parameter, int tensorCount) : OptimizerState(parameter), IDisposable
{
    private readonly Tensor?[] tensors = new Tensor?[tensorCount];

    public long Step { get; set; }

    /// <summary>The state tensors, each as large as the parameter.</summary>
    public IReadOnlyList<Tensor> Tensors => tensors!;

    public Tensor First => tensors[0]!;

    /// <summary>The second state tensor, or the first again where there is only one.</summary>
    public Tensor Second => tensors[^1]!;

    /// <summary>Where parameter and state lie, looked up once; null unless all are contiguous float32 on the CPU.</summary>
    public float* ParameterAddress { get; private set; }

    public float* FirstAddress { get; private set; }

    public float* SecondAddress { get; private set; }

    /// <summary>The elements of the parameter, where the addresses are known.</summary>
    public int Length { get; private set; }

    public override void Initialize(TorchSharp.Modules.OptimizerOptions options)
    {
        Step = 0;
        Replace(_ => zeros_like(_parameter));
    }

    public override void to(Device device) => Replace(tensor => tensor!.to(device));

    public override void SaveStateDict(BinaryWriter writer)
    {
        writer.Write(Step);
        foreach (var tensor in tensors) tensor!.Save(writer);
    }

    public override void LoadStateDict(BinaryReader reader)
    {
        Step = reader.ReadInt64();
        foreach (var tensor in tensors) tensor!.Load(reader);
        Locate();
    }

    public override void LoadStateDict(OptimizerState source)
    {
        var other = (ElementwiseState)source;
        Step = other.Step;
        for (var i = 0; i < tensors.Length; i++) tensors[i]!.copy_(other.tensors[i]!);
    }

    public override bool ApproximatelyEquals(OptimizerState other)
        => other is ElementwiseState state && Step == state.Step
            && tensors.Zip(state.tensors).All(pair => pair.First!.allclose(pair.Second!));

    public void Dispose()
    {
        foreach (var tensor in tensors) tensor?.Dispose();
    }

    private void Replace(Func<Tensor?, Tensor> replacement)
    {
        for (var i = 0; i < tensors.Length; i++)
        {
            var tensor = replacement(tensors[i]);
            if (ReferenceEquals(tensor, tensors[i])) continue;
            tensors[i]?.Dispose();
            tensors[i] = tensor.DetachFromDisposeScope();
        }
        Locate();
    }

    private void Locate()
    {
        var known = _parameter.IsSpannable() && First.IsSpannable() && Second.IsSpannable();
        ParameterAddress = known ? _parameter.Address() : null;
        FirstAddress = known ? First.Address() : null;
        SecondAddress = known ? Second.Address() : null;
        Length = known ? (int)_parameter.numel() : 0;
    }
}

/// <summary>Applies update rules to many parameter tensors in one multi-threaded pass over memory.</summary>
/// <remarks>
/// Tensors are cut into chunks that the cores take in turn. A step of a rule with two state tensors reads four arrays and writes three,
/// so it runs at the speed of memory where the parameters do not fit the caches. The class knows the rule alone, a value type, so that the
/// loop is compiled for each rule with nothing left to look up.
/// </remarks>
internal sealed unsafe class FusedLoop<TRule> where TRule : struct, IUpdateRule
{
    /// <summary>Elements per chunk: 256 KiB per array, enough that handing out chunks costs nothing.</summary>
    private const int ChunkLength = 1 << 16;

    /// <summary>Fewer elements than this are done before another core wakes up.</summary>
    private const long ParallelThreshold = 4 * ChunkLength;

    private readonly List<Chunk> chunks = [];
    private long elements;

    /// <summary>Queues a parameter for <see cref="Run"/>, unless it, its gradient or its state is not contiguous float32 on the CPU, or the
    /// gradient is of another size.</summary>
    /// <remarks>The queue holds addresses only: the parameter owns its gradient, the optimizer the state, and both outlive the
    /// step.</remarks>
    public bool TryAdd(TRule rule, Tensor gradient, ElementwiseState state)
    {
        if (state.ParameterAddress is null || !gradient.IsSpannable() || gradient.numel() != state.Length) return false;
        float* p = state.ParameterAddress, g = gradient.Address(), s = state.FirstAddress, t = state.SecondAddress;
        for (var start = 0; start < state.Length; start += ChunkLength)
            chunks.Add(new Chunk(rule, p + start, g + start, s + start, t + start, Math.Min(ChunkLength, state.Length - start)));
        elements += state.Length;
        return true;
    }

    public void Run()
    {
        var threads = elements < ParallelThreshold ? 1 : get_num_threads();
        if (threads == 1)
            foreach (ref readonly var chunk in CollectionsMarshal.AsSpan(chunks)) chunk.Update();
        else
            Parallel.For(0, chunks.Count, new ParallelOptions { MaxDegreeOfParallelism = threads }, i => CollectionsMarshal.AsSpan(chunks)[i].Update());
    }

    public void Clear()
    {
        chunks.Clear();
        elements = 0;
    }

    private readonly struct Chunk(TRule rule, float* parameter, float* gradient, float* first, float* second, int length)
    {
        private readonly TRule rule = rule;

        public void Update()
        {
            var rule = this.rule;
            var whole = length - length % Vector<float>.Count;
            for (var i = 0; i < whole; i += Vector<float>.Count)
                UpdateVector(rule, parameter + i, gradient + i, first + i, second + i);
            if (whole < length) UpdateTail(rule, whole, length - whole);
        }

        /// <summary>The last elements, through padded copies, so that the rule is written over vectors alone.</summary>
        private void UpdateTail(TRule rule, int start, int count)
        {
            var width = Vector<float>.Count;
            var buffer = stackalloc float[4 * width];
            float* p = buffer, g = p + width, s = g + width, t = s + width;
            Copy(parameter + start, p, count);
            Copy(gradient + start, g, count);
            Copy(first + start, s, count);
            Copy(second + start, t, count);
            UpdateVector(rule, p, g, s, t);
            Copy(p, parameter + start, count);
            Copy(s, first + start, count);
            if (TRule.StateCount > 1) Copy(t, second + start, count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void UpdateVector(TRule rule, float* parameter, float* gradient, float* first, float* second)
        {
            var p = Vector.Load(parameter);
            var s = Vector.Load(first);
            var t = TRule.StateCount > 1 ? Vector.Load(second) : default;
            rule.Update(ref p, Vector.Load(gradient), ref s, ref t);
            p.Store(parameter);
            s.Store(first);
            if (TRule.StateCount > 1) t.Store(second);
        }

        private static void Copy(float* source, float* target, int count)
            => new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
    }
}

/// <summary>The memory of a tensor as .NET sees it, for kernels of our own.</summary>
internal static class TensorMemory
{
    /// <summary>Whether a tensor is contiguous float32 on the CPU and small enough for a span (2 GiB).</summary>
    public static bool IsSpannable(this Tensor tensor)
        => tensor.dtype == ScalarType.Float32
            && tensor.device_type == DeviceType.CPU
            && tensor.numel() <= int.MaxValue / sizeof(float)
            && tensor.is_contiguous();

    /// <summary>The elements of an <see cref="IsSpannable"/> tensor, without a copy.</summary>
    public static Span<float> Floats(this Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);

    /// <summary>The address of the first element of an <see cref="IsSpannable"/> tensor; valid while the tensor lives.</summary>
    public static unsafe float* Address(this Tensor tensor) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
}

/// <summary>A constant of an update rule, ready for both of its forms: a vector of it for the fused loop, a scalar for tensor
/// operations.</summary>
internal readonly struct Coefficient(double value)
{
    private readonly Vector<float> lanes = new((float)value);

    public static implicit operator Coefficient(double value) => new(value);

    public static implicit operator Vector<float>(in Coefficient coefficient) => coefficient.lanes;

    public static implicit operator Scalar(in Coefficient coefficient) => LiveScalar.Of(coefficient.Value);

    public double Value => value;
}

/// <summary>What <see cref="Vector"/> lacks.</summary>
internal static class VectorMath
{
    /// <summary>The sign of each element as −1, 0 or 1, as torch has it: 0 for zeros and NaN.</summary>
    public static Vector<float> Sign(Vector<float> value)
    {
        var positive = Vector.ConditionalSelect(Vector.GreaterThan(value, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero);
        var negative = Vector.ConditionalSelect(Vector.LessThan(value, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero);
        return positive - negative;
    }
}
