using System.Numerics;
using System.Numerics.Tensors;

namespace Focus;

/// <summary>The loops of <see cref="NormalizedLinear"/>, in its notation: n rows, c inputs, o outputs.</summary>
internal static unsafe class NormalizedLinearKernels
{
    /// <summary>scaled = W∘γ (o × c) and shift = b + W·β (o).</summary>
    public static void Fold(
        ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, ReadOnlySpan<float> gamma, ReadOnlySpan<float> beta, Span<float> scaled, Span<float> shift)
    {
        for (var o = 0; o < bias.Length; o++)
        {
            var row = weight.Slice(o * gamma.Length, gamma.Length);
            TensorPrimitives.Multiply(row, gamma, scaled.Slice(o * gamma.Length, gamma.Length));
            shift[o] = bias[o] + TensorPrimitives.Dot(row, beta);
        }
    }

    /// <summary>Adds the rows of a matrix to <paramref name="sum"/>, which is as long as one.</summary>
    public static void AddRows(ReadOnlySpan<float> rows, Span<float> sum)
    {
        for (; rows.Length > 0; rows = rows[sum.Length..]) TensorPrimitives.Add(sum, rows[..sum.Length], sum);
    }

    /// <summary>dW = H∘γ + db⊗β, in place of H; dγ += Σ_o W∘H; dβ += Wᵀ·db.</summary>
    public static void ParameterGradients(
        ReadOnlySpan<float> weight, ReadOnlySpan<float> gamma, ReadOnlySpan<float> beta, ReadOnlySpan<float> biasGradient,
        Span<float> weightGradient, Span<float> gammaGradient, Span<float> betaGradient)
    {
        for (var o = 0; o < biasGradient.Length; o++)
        {
            var row = weight.Slice(o * gamma.Length, gamma.Length);
            var gradient = weightGradient.Slice(o * gamma.Length, gamma.Length);
            TensorPrimitives.MultiplyAdd(row, gradient, gammaGradient, gammaGradient);
            TensorPrimitives.MultiplyAdd(row, biasGradient[o], betaGradient, betaGradient);
            TensorPrimitives.Multiply(gradient, gamma, gradient);
            TensorPrimitives.MultiplyAdd(beta, biasGradient[o], gradient, gradient);
        }
    }

    /// <summary>The per-column terms of dx = [x &gt; 0]·(d∘factor − shift − x̂∘slope): s, s∘γ∘dβ/n and s∘γ∘dγ/n, with s the inverse
    /// deviations.</summary>
    public static void InputGradientTerms(
        ReadOnlySpan<float> variance, ReadOnlySpan<float> gamma, ReadOnlySpan<float> gammaGradient, ReadOnlySpan<float> betaGradient, int rows,
        Span<float> factor, Span<float> shift, Span<float> slope)
    {
        TensorPrimitives.Add(variance, BatchNormalization.Epsilon, factor);
        TensorPrimitives.ReciprocalSqrt(factor, factor);
        TensorPrimitives.Multiply(gamma, factor, slope);
        TensorPrimitives.Multiply(slope, 1f / rows, slope);
        TensorPrimitives.Multiply(slope, betaGradient, shift);
        TensorPrimitives.Multiply(slope, gammaGradient, slope);
    }

    /// <summary>result = [input &gt; floor]·(product∘factor − shift − normalized∘slope), row by row; the last vector of a row overlaps its
    /// neighbour.</summary>
    public static void InputGradient(
        float* product, float* input, float* normalized, float* factor, float* shift, float* slope, float* result, int rows, int columns, float floor)
    {
        var floors = new Vector<float>(floor);
        for (var row = 0; row < rows; row++)
        {
            var offset = (long)row * columns;
            for (var i = 0; i < columns; i += Vector<float>.Count)
            {
                var column = Math.Min(i, columns - Vector<float>.Count);
                var at = offset + column;
                var value = Vector.Load(product + at) * Vector.Load(factor + column)
                    - Vector.Load(shift + column) - Vector.Load(normalized + at) * Vector.Load(slope + column);
                var mask = Vector.GreaterThan(Vector.Load(input + at), floors);
                Vector.ConditionalSelect(mask, value, Vector<float>.Zero).Store(result + at);
            }
        }
    }
}
