using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>What an optimizer keeps of one parameter from step to step: the step count, tensors, and single numbers.</summary>
/// <param name="parameter">The parameter.</param>
/// <param name="layout">Its shape and role.</param>
/// <param name="fresh">Makes the tensors as they are before the first step.</param>
/// <param name="memoryCount">How many numbers the parameter keeps.</param>
/// <param name="blockLength">How many elements make a block, for which sums are made; null for all.</param>
/// <param name="blockMemoryCount">How many numbers each block keeps.</param>
internal sealed unsafe class ParameterState(
    Parameter parameter, ParameterLayout layout, Func<IEnumerable<Tensor>> fresh, int memoryCount = 0, long? blockLength = null, int blockMemoryCount = 0)
    : OptimizerState(parameter), IDisposable
{
    private Tensor[] tensors = [];
    private nint[] addresses = [];
    private Tensor? memory;

    /// <summary>Whether the parameter is kept as it was before each step.</summary>
    public bool KeepsPrevious { get; set; }

    /// <summary>The parameter before the last step, the last tensor of state, where it is kept.</summary>
    public Tensor? Previous => KeepsPrevious ? tensors[^1] : null;

    /// <summary>Which of the optimizer's parameters that are updated alike this is, counted from 0.</summary>
    public int Index { get; init; }

    /// <summary>The steps taken.</summary>
    public long Step { get; set; }

    public ParameterLayout Layout => layout;

    public IReadOnlyList<Tensor> Tensors => tensors;

    /// <summary>The numbers that the parameter keeps, and after them those of each block; float64 on the CPU.</summary>
    public Tensor? Numbers => memory;

    public Span<double> Memory => memory is null ? default : memory.Doubles()[..memoryCount];

    public Span<double> BlockMemory => memory is null ? default : memory.Doubles()[memoryCount..];

    /// <summary>The elements of a block, at least 1.</summary>
    public long BlockLength { get; } = Math.Max(1, blockLength ?? parameter.numel());

    public long BlockCount => _parameter.numel() / BlockLength;

    /// <summary>The type in which the parameter is updated: its own, but float32 for shorter ones, whose squares and small constants would
    /// vanish.</summary>
    public ScalarType ComputeType { get; } = ComputeTypeOf(parameter);

    /// <summary>Where the parameter lies, looked up once; null unless it and its state are contiguous float32 on the CPU.</summary>
    public float* Address { get; private set; }

    /// <summary>Whether the address is known.</summary>
    public bool IsLocated => Address is not null;

    /// <summary>The elements of the parameter, where the address is known.</summary>
    public int Length { get; private set; }

    /// <summary>Tensors of zeros like the parameter.</summary>
    public static Func<IEnumerable<Tensor>> Like(Parameter parameter, int count)
        => () => Enumerable.Range(0, count).Select(_ => zeros(parameter.shape, ComputeTypeOf(parameter), parameter.device));

    /// <summary>Where a tensor of state lies; the parameter's address where there is none of this number.</summary>
    public float* StateAddress(int index) => index < addresses.Length ? (float*)addresses[index] : Address;

    public void TakeCurvature(OptimizerSettings settings, Tensor estimate)
    {
        using var scope = NewDisposeScope();
        var (first, second, third) = (Of(0), Of(1), Of(2));
        settings.TakeCurvature(new TensorElements(estimate.to(ComputeType)), ref first, ref second, ref third);
        foreach (var (tensor, taken) in tensors.Zip([first, second, third]))
            if (!ReferenceEquals(tensor, taken.Value)) tensor.copy_(taken.Value.reshape(tensor.shape));

        TensorElements Of(int index) => index < tensors.Length ? new(tensors[index]) : default;
    }

    public override void Initialize(TorchSharp.Modules.OptimizerOptions options)
    {
        Dispose();
        Step = 0;
        IEnumerable<Tensor> previous = KeepsPrevious ? [_parameter.detach().clone().contiguous()] : [];
        tensors = [.. fresh().Concat(previous).Select(tensor => tensor.DetachFromDisposeScope())];
        var count = memoryCount + BlockCount * blockMemoryCount;
        memory = count > 0 ? zeros(count, ScalarType.Float64).DetachFromDisposeScope() : null;
        Locate();
    }

    public override void to(Device device)
    {
        for (var i = 0; i < tensors.Length; i++)
        {
            var moved = tensors[i].to(device);
            if (ReferenceEquals(moved, tensors[i])) continue;
            tensors[i].Dispose();
            tensors[i] = moved.DetachFromDisposeScope();
        }
        Locate();
    }

    public override void SaveStateDict(BinaryWriter writer)
    {
        writer.Write(Step);
        foreach (var tensor in Saved) tensor.Save(writer);
    }

    public override void LoadStateDict(BinaryReader reader)
    {
        Step = reader.ReadInt64();
        foreach (var tensor in Saved) tensor.Load(reader);
        Locate();
    }

    public override void LoadStateDict(OptimizerState source)
    {
        var other = (ParameterState)source;
        Step = other.Step;
        foreach (var (own, saved) in Saved.Zip(other.Saved)) own.copy_(saved);
    }

    public override bool ApproximatelyEquals(OptimizerState other)
        => other is ParameterState state && Step == state.Step && Saved.Zip(state.Saved).All(pair => pair.First.allclose(pair.Second));

    public void Dispose()
    {
        foreach (var tensor in Saved) tensor.Dispose();
    }

    private IEnumerable<Tensor> Saved => memory is null ? tensors : tensors.Append(memory);

    public static ScalarType ComputeTypeOf(Parameter parameter)
        => parameter.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? ScalarType.Float32 : parameter.dtype;

    private void Locate()
    {
        var known = _parameter.IsSpannable() && tensors.All(tensor => tensor.IsSpannable());
        Address = known ? _parameter.Address() : null;
        addresses = known ? [.. tensors.Select(tensor => (nint)tensor.Address())] : [];
        Length = known ? (int)_parameter.numel() : 0;
    }
}
