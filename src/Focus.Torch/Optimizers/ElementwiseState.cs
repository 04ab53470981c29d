using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The step count and the one or two state tensors of one parameter.</summary>
internal sealed class ElementwiseState(Parameter parameter, int tensorCount) : OptimizerState(parameter), IDisposable
{
    private readonly Tensor?[] tensors = new Tensor?[tensorCount];

    /// <summary>How many updates the parameter has seen.</summary>
    public long Step { get; set; }

    /// <summary>The state tensors, each as large as the parameter.</summary>
    public IReadOnlyList<Tensor> Tensors => tensors!;

    public Tensor First => tensors[0]!;

    /// <summary>The second state tensor, or the first again where there is one only.</summary>
    public Tensor Second => tensors[^1]!;

    public override void Initialize(TorchSharp.Modules.OptimizerOptions options)
    {
        Step = 0;
        for (var i = 0; i < tensors.Length; i++) Replace(i, zeros_like(_parameter));
    }

    public override void to(Device device)
    {
        for (var i = 0; i < tensors.Length; i++) Replace(i, tensors[i]!.to(device));
    }

    public override void SaveStateDict(BinaryWriter writer)
    {
        writer.Write(Step);
        foreach (var tensor in tensors) tensor!.Save(writer);
    }

    public override void LoadStateDict(BinaryReader reader)
    {
        Step = reader.ReadInt64();
        foreach (var tensor in tensors) tensor!.Load(reader);
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

    private void Replace(int index, Tensor tensor)
    {
        if (ReferenceEquals(tensor, tensors[index])) return;
        tensors[index]?.Dispose();
        tensors[index] = tensor.DetachFromDisposeScope();
    }
}
