using System.Text.Json;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The optimizer that <see cref="OptimizerSettings"/> describe: each of its groups has settings, which say by which
/// <see cref="UpdateMethod"/> its parameters are updated.</summary>
/// <remarks>The optimizer and its groups are <see cref="optim.IMomentum"/>, as <c>CyclicLR</c> and <c>OneCycleLR</c> require, which change the
/// momentum's decay along with the learning rate.</remarks>
internal sealed class SettingsOptimizer : OptimizerHelper, optim.IMomentum, ICurvatureOptimizer, IAveragingOptimizer
{
    /// <summary>A method for each kind of settings, so that all tensors of a kind are updated in one pass.</summary>
    private readonly Dictionary<Type, UpdateMethod> methods = [];

    private readonly OptimizerSettings settings;

    /// <summary>Whether there was an estimate since the last step.</summary>
    private bool hasEstimate;

    /// <summary>The weights in training, while the parameters hold their averages.</summary>
    private readonly List<(Parameter Parameter, Tensor Training)> kept = [];

    public SettingsOptimizer(IEnumerable<ParameterGroup> groups, OptimizerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(groups);
        settings.Validate();
        this.settings = settings;
        _defaults = new GroupOptions(settings);
        _parameter_groups = new List<ParamGroup>();
        foreach (var group in groups.SelectMany(RolesOf)) add_param_group(new SettingsGroup(group, settings));
        if (!parameters().Any()) throw new ArgumentException("There is no parameter to optimize.", nameof(groups));
        if (settings.NeedsMatrices && _parameter_groups.Cast<SettingsGroup>().All(group => group.Options.Hyperparameters.GetType() != settings.GetType()))
            throw new ArgumentException(
                $"{settings.Name} updates matrices, and none of the {parameters().Count()} parameters is a hidden matrix or a convolution kernel; "
                + $"expected one, or another optimizer, such as the one it leaves the others to.", nameof(groups));
    }

    public double Momentum
    {
        get => _parameter_groups.Cast<SettingsGroup>().First().Momentum;
        set { foreach (var group in _parameter_groups.Cast<SettingsGroup>()) group.Momentum = value; }
    }

    /// <summary>Adds a group, whose settings are the optimizer's own unless it brings some, with fresh state for its parameters.</summary>
    public override void add_param_group(ParamGroup group)
    {
        var added = group as SettingsGroup ?? new SettingsGroup(group, group.Options as GroupOptions ?? new GroupOptions(settings));
        var known = _state.Keys.ToHashSet();
        if (added.Parameters.FirstOrDefault(parameter => !known.Add(parameter.Handle)) is { } twice)
            throw new ArgumentException(
                $"A parameter of shape {twice.shape.ShapeText()} appears more than once in the optimizer's groups.", nameof(group));
        // All states before any is registered: one that cannot be made leaves the optimizer as it was.
        var states = added.Parameters.ToDictionary(
            parameter => parameter.Handle,
            parameter => MethodOf(added).CreateState(parameter, added.Options.Hyperparameters, added.LayoutOf(parameter)));
        foreach (var (handle, state) in states)
        {
            state.KeepsPrevious = Kind == CurvatureKind.PreviousGradient;
            state.Initialize(added.Options);
            _state[handle] = state;
        }
        _parameter_groups.Add(added);
    }

    /// <summary>Updates every parameter that has a gradient.</summary>
    public override Tensor step(Func<Tensor>? closure = null)
    {
        if (Kind == CurvatureKind.HessianDiagonal && !hasEstimate)
            throw new InvalidOperationException(
                $"{settings.Name} needs an estimate of the curvature before each step; give it one by {nameof(ICurvatureOptimizer)}.{nameof(Take)}.");
        if (kept.Count > 0)
            throw new InvalidOperationException(
                $"The parameters hold their averages; call {nameof(IAveragingOptimizer)}.{nameof(ToTraining)} before the next step.");
        try
        {
            var loss = _step<SettingsGroup>(Update, closure);
            using var _ = no_grad();
            foreach (var method in methods.Values) method.Run();
            hasEstimate = false;
            return loss;
        }
        finally
        {
            foreach (var method in methods.Values) method.Clear(); // Also after a step that failed: by the next one the gradients may have moved.
        }
    }

    public CurvatureKind Kind => settings.Curvature.Kind;

    public bool IsDue => _state.Values.Max(state => ((ParameterState)state).Step) is var taken && Kind switch
    {
        CurvatureKind.None => false,
        CurvatureKind.PreviousGradient => taken > 0,
        _ => taken % settings.Curvature.Interval == 0,
    };

    public void Take(Func<Parameter, Tensor?> estimate)
    {
        ArgumentNullException.ThrowIfNull(estimate);
        hasEstimate = true;
        using var _ = no_grad();
        foreach (var (parameter, state, own) in States())
        {
            if (estimate(parameter) is not { } tensor) continue;
            if (!tensor.shape.SequenceEqual(parameter.shape))
                throw new ArgumentException(
                    $"The estimate is of shape {tensor.shape.ShapeText()}; expected the parameter's, {parameter.shape.ShapeText()}.",
                    nameof(estimate));
            state.TakeCurvature(own, tensor);
        }
    }

    public void AtPreviousWeights(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (Kind != CurvatureKind.PreviousGradient)
            throw new InvalidOperationException($"{settings.Name} with these options needs no previous weights, and keeps none.");
        Exchange();
        try
        {
            action();
        }
        finally
        {
            Exchange();
        }
    }

    /// <summary>Exchanges the parameters with their weights from before the last step.</summary>
    private void Exchange()
    {
        using var _ = no_grad();
        foreach (var (parameter, state, _) in States())
        {
            using var present = parameter.detach().clone();
            parameter.copy_(state.Previous!);
            state.Previous!.copy_(present);
        }
    }

    public void ToAverage()
    {
        if (kept.Count > 0) return;
        using var _ = no_grad();
        foreach (var (parameter, state, own) in States())
        {
            if (!own.HasAverage) continue;
            using var scope = NewDisposeScope();
            kept.Add((parameter, parameter.detach().clone().DetachFromDisposeScope()));
            if (state.Step > 0) parameter.copy_(own.AverageOf(new TensorElements(parameter), new(state.Tensors[0])).Value);
        }
    }

    /// <summary>The weights in training of a parameter that holds its average; null otherwise.</summary>
    public Tensor? TrainingWeights(Parameter parameter) => kept.FirstOrDefault(pair => pair.Parameter.Handle == parameter.Handle).Training;

    public void ToTraining()
    {
        using var _ = no_grad();
        foreach (var (parameter, training) in kept)
        {
            parameter.copy_(training);
            training.Dispose();
        }
        kept.Clear();
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing) return;
        foreach (var (_, state) in _state) ((ParameterState)state).Dispose();
        foreach (var (_, training) in kept) training.Dispose();
    }

    /// <summary>The momentum of each parameter that has one as a tensor of numbers: where there is a momentum, it is the first tensor of
    /// state.</summary>
    public IEnumerable<Tensor> Momenta()
        => from item in States()
           where item.Settings.CycledMomentum is not null && item.State.Tensors is [var first, ..] && first.is_floating_point()
           select item.State.Tensors[0];

    /// <summary>A group whose role is not said, divided by the shapes of its parameters where the optimizer treats them differently.</summary>
    private IEnumerable<ParameterGroup> RolesOf(ParameterGroup group)
        => group.Role == ParameterRole.Unspecified && settings.For(ParameterRole.HiddenMatrix) != settings.For(ParameterRole.GainOrBias)
            ? from parameter in @group.Parameters
              group parameter by ParameterLayout.RoleOf(parameter.shape) into alike
              select new ParameterGroup(alike)
              {
                  Role = alike.Key, LearningRate = @group.LearningRate, WeightDecay = @group.WeightDecay,
                  StackedMatrices = @group.StackedMatrices, Heads = @group.Heads,
              }
            : [group];

    private void Update(SettingsGroup group)
    {
        var method = MethodOf(group);
        foreach (var parameter in group.Parameters)
        {
            if (parameter.grad is not { } gradient) continue;
            var state = (ParameterState)_state[parameter.Handle];
            state.Step++;
            state.Previous?.copy_(parameter);
            method.Update(parameter, gradient, state, group.Options.Hyperparameters, group.LearningRate);
        }
    }

    private IEnumerable<(Parameter Parameter, ParameterState State, OptimizerSettings Settings)> States()
        => from SettingsGroup @group in _parameter_groups
           from parameter in @group.Parameters
           select (parameter, (ParameterState)_state[parameter.Handle], @group.Options.Hyperparameters);

    private UpdateMethod MethodOf(SettingsGroup group)
    {
        var own = group.Options.Hyperparameters;
        if (methods.TryGetValue(own.GetType(), out var method)) return method;
        return methods[own.GetType()] = own.NewMethod();
    }
}

/// <summary>A parameter group of a <see cref="SettingsOptimizer"/>.</summary>
internal sealed class SettingsGroup : ParamGroup<GroupOptions>, optim.IMomentum
{
    /// <summary>TorchSharp's CyclicLR adds to the highest momentum what PyTorch's subtracts from it, so its defaults reach 1: a bias correction
    /// would divide by zero.</summary>
    private const double HighestMomentum = 0.99;

    private readonly ParameterGroup? source;

    public SettingsGroup(ParameterGroup group, OptimizerSettings settings)
        : base(group.Parameters, new GroupOptions(group.Own(settings.For(group.Role))))
        => source = group;

    /// <summary>A group in TorchSharp's form, which tells no roles.</summary>
    public SettingsGroup(ParamGroup group, GroupOptions options) : base(group.Parameters, options)
    {
    }

    /// <summary>The decay of the momentum, at most <see cref="HighestMomentum"/>; 0 where the optimizer has none.</summary>
    public double Momentum
    {
        get => Options.Hyperparameters.CycledMomentum ?? 0;
        set
        {
            if (Options.Hyperparameters.CycledMomentum is null) return;
            Options.Hyperparameters = Options.Hyperparameters.WithMomentum(Math.Min(value, HighestMomentum));
        }
    }

    public ParameterLayout LayoutOf(Parameter parameter)
        => new(
            parameter.shape, source is null or { Role: ParameterRole.Unspecified } ? ParameterLayout.RoleOf(parameter.shape) : source.Role,
            source?.StackedMatrices ?? 1, source?.Heads ?? 1);
}

/// <summary>The settings of one parameter group, in the form TorchSharp's optimizers and schedulers handle and save.</summary>
internal sealed class GroupOptions : TorchSharp.Modules.OptimizerOptions
{
    public GroupOptions(OptimizerSettings hyperparameters)
    {
        Hyperparameters = hyperparameters;
        LearningRate = InitialLearningRate = hyperparameters.LearningRate;
    }

    /// <summary>All hyperparameters; the current learning rate is not here but in the base class, where schedulers set it.</summary>
    public OptimizerSettings Hyperparameters { get; set; }

    private Type Kind => Hyperparameters.GetType();

    public override void SaveStateDict(BinaryWriter writer)
    {
        base.SaveStateDict(writer);
        writer.Write(Kind.Name);
        writer.Write(JsonSerializer.Serialize(Hyperparameters, Kind));
    }

    public override void LoadStateDict(BinaryReader reader)
    {
        base.LoadStateDict(reader);
        if (reader.ReadString() is var found && found != Kind.Name)
            throw new InvalidDataException($"The saved optimizer state has {found}; expected {Kind.Name}.");
        var saved = Read(reader.ReadString());
        if (Hyperparameters.StructuralDifference(saved) is { } difference)
            throw new InvalidDataException($"The saved state is of a {Kind.Name} with another {difference}; create the optimizer with the saved one's.");
        Hyperparameters = saved;
    }

    private OptimizerSettings Read(string json)
    {
        try
        {
            var saved = JsonSerializer.Deserialize(json, Kind) as OptimizerSettings ?? throw new JsonException("It is null.");
            saved.Validate();
            return saved;
        }
        catch (Exception fault) when (fault is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"The saved options of {Kind.Name} are damaged: {Check.Reason(fault)}", fault);
        }
    }

    public override void LoadStateDict(TorchSharp.Modules.OptimizerOptions source)
    {
        base.LoadStateDict(source);
        if (source is not GroupOptions same || same.Kind != Kind)
            throw new ArgumentException(
                $"Expected the state of an optimizer with {Kind.Name}, found {(source as GroupOptions)?.Kind.Name ?? source.GetType().Name}.",
                nameof(source));
        if (Hyperparameters.StructuralDifference(same.Hyperparameters) is { } difference)
            throw new ArgumentException($"The state is of a {Kind.Name} with another {difference}; create the optimizer with the same.", nameof(source));
        Hyperparameters = same.Hyperparameters;
    }
}
