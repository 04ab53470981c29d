using System.Numerics;
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
