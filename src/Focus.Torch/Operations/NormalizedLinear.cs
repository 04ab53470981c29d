using System.Numerics;
using static TorchSharp.torch;

namespace Focus;

/// <summary>A linear layer on the batch-normalised (and first rectified) input, forward and backward, for float32 on the CPU.</summary>
/// <remarks>
/// <para>With x̂ the normalised input (n × c), γ and β the scale and shift of the normalisation, W (o × c) and b the linear layer:</para>
/// <code>
/// y = (x̂∘γ + β)·Wᵀ + b = x̂·(W∘γ)ᵀ + (b + W·β)
/// </code>
/// <para>
/// so the scaled input is never written, only x̂. Backward, with H = dyᵀ·x̂ (o × c): dW = H∘γ + db⊗β, dγ = Σ_o W∘H, dβ = Wᵀ·db. The gradients of γ and β
/// need no pass over n × c numbers, and a first layer, whose input needs no gradient, spends one matrix product instead of two.
/// </para>
/// </remarks>
internal sealed unsafe class NormalizedLinear : autograd.SingleTensorFunction<NormalizedLinear>
{
    private const string Rectify = "rectify", InputNeedsGradient = "input needs gradient";

    public override string Name => nameof(NormalizedLinear);

    /// <summary>Whether the kernels can take this input.</summary>
    public static bool Supports(Tensor input)
        => input.IsSpannable() && input.ndim == 2 && input.shape[0] > 1 && input.shape[1] >= ColumnNormalization.TileWidth;

    /// <summary>The layer in training mode: normalises with the batch's statistics and moves the running ones.</summary>
    /// <param name="input">n × c, n ≥ 2.</param>
    /// <param name="norm">Batch normalisation of c features.</param>
    /// <param name="weight">o × c.</param>
    /// <param name="bias">o.</param>
    /// <param name="rectify">Whether max(x, 0) is what is normalised.</param>
    /// <returns>n × o.</returns>
    public static Tensor Train(Tensor input, BatchNormalization norm, Tensor weight, Tensor bias, bool rectify)
        => apply(input, norm.Scale, norm.Shift, weight, bias, norm, rectify);

    /// <summary>The layer in evaluation mode, without gradients: normalises with the running statistics.</summary>
    /// <inheritdoc cref="Train"/>
    public static Tensor Evaluate(Tensor input, BatchNormalization norm, Tensor weight, Tensor bias, bool rectify)
    {
        var (rows, columns) = ((int)input.shape[0], (int)input.shape[1]);
        using var normalized = empty(rows, columns);
        ColumnNormalization.WithGivenStatistics(
            input.Address(), normalized.Address(), norm.RunningMean.Address(), norm.RunningVariance.Address(), rows, columns, BatchNormalization.Epsilon, rectify);
        return Product(normalized, norm.Scale, norm.Shift, weight, bias);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, gamma, beta, weight, bias) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Tensor)vars[3], (Tensor)vars[4]);
        var (norm, rectify) = ((BatchNormalization)vars[5], (bool)vars[6]);
        var (rows, columns) = ((int)input.shape[0], (int)input.shape[1]);
        Tensor normalized = empty(rows, columns), mean = empty(columns), variance = empty(columns);
        ColumnNormalization.WithBatchStatistics(
            input.Address(), normalized.Address(), mean.Address(), variance.Address(), rows, columns, BatchNormalization.Epsilon, rectify);
        UpdateRunningStatistics(norm, mean.Floats(), variance.Floats(), rows);

        ctx.save_for_backward([input, gamma, beta, weight, normalized, variance]);
        ctx.save_data(Rectify, rectify);
        ctx.save_data(InputNeedsGradient, input.requires_grad);
        return Product(normalized, gamma, beta, weight, bias);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor outputGradient)
    {
        var saved = ctx.get_saved_variables();
        var (input, gamma, beta, weight, normalized, variance) = (saved[0], saved[1], saved[2], saved[3], saved[4], saved[5]);
        using var product = outputGradient.t().mm(normalized);
        var biasGradient = outputGradient.sum(dim: 0);
        var gammaGradient = product.mul(weight).sum(dim: 0);
        var betaGradient = weight.t().mv(biasGradient);
        var weightGradient = product.mul(gamma).addr_(biasGradient, beta);
        var inputGradient = (bool)ctx.get_data(InputNeedsGradient)
            ? InputGradient(outputGradient, input, weight, gamma, normalized, variance, gammaGradient, betaGradient, (bool)ctx.get_data(Rectify))
            : null;
        return [inputGradient!, gammaGradient, betaGradient, weightGradient, biasGradient, null!, null!];
    }

    private static Tensor Product(Tensor normalized, Tensor gamma, Tensor beta, Tensor weight, Tensor bias)
    {
        using var shift = weight.mv(beta).add_(bias);
        using var scaled = weight.mul(gamma);
        return shift.addmm(normalized, scaled.t());
    }

    /// <summary>As PyTorch: running ← (1 − momentum)·running + momentum·batch, with the unbiased variance.</summary>
    private static void UpdateRunningStatistics(BatchNormalization norm, ReadOnlySpan<float> mean, ReadOnlySpan<float> variance, int rows)
    {
        Lerp(norm.RunningMean.Floats(), mean, 1);
        Lerp(norm.RunningVariance.Floats(), variance, rows / (float)(rows - 1));

        static void Lerp(Span<float> running, ReadOnlySpan<float> batch, float scale)
        {
            for (var i = 0; i < running.Length; i++)
                running[i] = (1 - BatchNormalization.Momentum) * running[i] + BatchNormalization.Momentum * scale * batch[i];
        }
    }

    /// <summary>dx = [x &gt; 0]·s∘(d − (γ∘dβ + x̂∘γ∘dγ)/n), with d = dy·(W∘γ) and s the inverse deviations.</summary>
    private static Tensor InputGradient(
        Tensor outputGradient, Tensor input, Tensor weight, Tensor gamma, Tensor normalized, Tensor variance,
        Tensor gammaGradient, Tensor betaGradient, bool rectify)
    {
        var (rows, columns) = ((int)input.shape[0], (int)input.shape[1]);
        using var factor = variance.add(BatchNormalization.Epsilon).rsqrt_().mul_(gamma);
        using var scaled = weight.mul(factor);
        using var shift = betaGradient.mul(factor).div_(rows);
        using var slope = gammaGradient.mul(factor).div_(rows);
        using var product = outputGradient.mm(scaled);
        var result = empty(rows, columns);
        MaskedResidual(
            product.Address(), input.Address(), normalized.Address(), shift.Address(), slope.Address(), result.Address(), rows, columns,
            rectify ? 0 : float.NegativeInfinity);
        return result;
    }

    /// <summary>result = [input &gt; floor]·(product − shift − normalized∘slope), row by row; the last vector of a row overlaps its neighbour.</summary>
    private static void MaskedResidual(
        float* product, float* input, float* normalized, float* shift, float* slope, float* result, int rows, int columns, float floor)
    {
        var floors = new Vector<float>(floor);
        for (var row = 0; row < rows; row++)
        {
            var offset = (long)row * columns;
            for (var i = 0; i < columns; i += Vector<float>.Count)
            {
                var column = Math.Min(i, columns - Vector<float>.Count);
                var at = offset + column;
                var value = Vector.Load(product + at) - Vector.Load(shift + column) - Vector.Load(normalized + at) * Vector.Load(slope + column);
                var mask = Vector.GreaterThan(Vector.Load(input + at), floors);
                Vector.ConditionalSelect(mask, value, Vector<float>.Zero).Store(result + at);
            }
        }
    }
}
