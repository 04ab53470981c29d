using System.Numerics;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Focus;

/// <summary>A vector of float32 elements.</summary>
internal readonly struct FloatElements(Vector<float> value) : IElements<FloatElements>
{
    public const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private readonly Vector<float> value = value;

    public static int Count => Vector<float>.Count;

    [MethodImpl(Inline)]
    public static unsafe FloatElements Load(float* source) => new(Vector.Load(source));

    [MethodImpl(Inline)]
    public static FloatElements Of(double number) => new(new Vector<float>((float)number));

    [MethodImpl(Inline)]
    public unsafe void Store(float* target) => value.Store(target);

    [MethodImpl(Inline)]
    public double Sum() => Vector.Sum(value);

    [MethodImpl(Inline)]
    public static FloatElements operator +(FloatElements a, FloatElements b) => new(a.value + b.value);

    [MethodImpl(Inline)]
    public static FloatElements operator -(FloatElements a, FloatElements b) => new(a.value - b.value);

    [MethodImpl(Inline)]
    public static FloatElements operator *(FloatElements a, FloatElements b) => new(a.value * b.value);

    [MethodImpl(Inline)]
    public static FloatElements operator /(FloatElements a, FloatElements b) => new(a.value / b.value);

    [MethodImpl(Inline)]
    public static FloatElements operator +(FloatElements a, Coefficient c) => new(a.value + new Vector<float>(c.Single));

    [MethodImpl(Inline)]
    public static FloatElements operator *(FloatElements a, Coefficient c) => new(a.value * new Vector<float>(c.Single));

    [MethodImpl(Inline)]
    public static FloatElements operator /(FloatElements a, Coefficient c) => new(a.value / new Vector<float>(c.Single));

    [MethodImpl(Inline)]
    public static FloatElements MultiplyAdd(FloatElements a, Coefficient c, FloatElements b)
        => new(Vector.FusedMultiplyAdd(a.value, new Vector<float>(c.Single), b.value));

    [MethodImpl(Inline)]
    public static FloatElements Sqrt(FloatElements a) => new(Vector.SquareRoot(a.value));

    [MethodImpl(Inline)]
    public static FloatElements Abs(FloatElements a) => new(Vector.Abs(a.value));

    [MethodImpl(Inline)]
    public static FloatElements Sign(FloatElements a) => new(Where(Vector.GreaterThan(a.value, Vector<float>.Zero)) - Where(Vector.LessThan(a.value, Vector<float>.Zero)));

    [MethodImpl(Inline)]
    public static FloatElements Positive(FloatElements a) => new(Where(Vector.GreaterThan(a.value, Vector<float>.Zero)));

    [MethodImpl(Inline)]
    public static FloatElements Min(FloatElements a, Coefficient c) => new(Vector.Min(a.value, new Vector<float>(c.Single)));

    [MethodImpl(Inline)]
    public static FloatElements Pow(FloatElements a, Coefficient c) => new(Vector.Exp(Vector.Log(a.value) * new Vector<float>(c.Single)));

    [MethodImpl(Inline)]
    public static FloatElements Max(FloatElements a, FloatElements b) => new(Vector.Max(a.value, b.value));

    private static Vector<float> Where(Vector<int> mask) => Vector.ConditionalSelect(mask, Vector<float>.One, Vector<float>.Zero);
}

/// <summary>All elements of a tensor, on any device and of any floating-point type. What is computed belongs to the surrounding dispose
/// scope.</summary>
internal readonly struct TensorElements(Tensor value) : IElements<TensorElements>
{
    public Tensor Value => value;

    public static TensorElements operator +(TensorElements a, TensorElements b) => new(a.Value.add(b.Value, LiveScalar.One));

    public static TensorElements operator -(TensorElements a, TensorElements b) => new(a.Value.sub(b.Value));

    public static TensorElements operator *(TensorElements a, TensorElements b) => new(a.Value.mul(b.Value));

    public static TensorElements operator /(TensorElements a, TensorElements b) => new(a.Value.div(b.Value));

    public static TensorElements operator +(TensorElements a, Coefficient c) => new(a.Value.add(LiveScalar.Of(c.Value)));

    public static TensorElements operator *(TensorElements a, Coefficient c) => new(a.Value.mul(LiveScalar.Of(c.Value)));

    public static TensorElements operator /(TensorElements a, Coefficient c) => new(a.Value.div(LiveScalar.Of(c.Value)));

    public static TensorElements MultiplyAdd(TensorElements a, Coefficient c, TensorElements b) => new(b.Value.add(a.Value, LiveScalar.Of(c.Value)));

    public static TensorElements Sqrt(TensorElements a) => new(a.Value.sqrt());

    public static TensorElements Abs(TensorElements a) => new(a.Value.abs());

    public static TensorElements Sign(TensorElements a) => new(a.Value.sign());

    public static TensorElements Positive(TensorElements a) => new(a.Value.gt(LiveScalar.Zero).to(a.Value.dtype));

    public static TensorElements Min(TensorElements a, Coefficient c) => new(a.Value.clamp_max(LiveScalar.Of(c.Value)));

    public static TensorElements Pow(TensorElements a, Coefficient c) => new(a.Value.pow(LiveScalar.Of(c.Value)));

    public static TensorElements Max(TensorElements a, TensorElements b) => new(a.Value.maximum(b.Value));
}

/// <summary>The decay of a moving average.</summary>
internal readonly struct Decay(double beta)
{
    private readonly Coefficient kept = beta, fresh = 1 - beta;

    /// <summary>β·average + (1−β)·value.</summary>
    [MethodImpl(FloatElements.Inline)]
    public T Average<T>(T average, T value) where T : struct, IElements<T> => T.MultiplyAdd(value, fresh, average * kept);
}
