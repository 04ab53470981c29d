using static TorchSharp.torch;

namespace Focus;

/// <summary>A linear layer on the batch-normalised (and first rectified) input, forward and backward, for float32 on the CPU.</summary>
/// <remarks>
/// <para>With x̂ the normalised input (n × c), γ and β the scale and shift of the normalisation, W (o × c) and b the linear layer:</para>
/// <code>
/// y = (x̂∘γ + β)·Wᵀ + b = x̂·(W∘γ)ᵀ + (b + W·β)
/// </code>
/// <para>
/// so the scaled input is never written, only x̂. Backward, with H = dyᵀ·x̂ (o × c): dW = H∘γ + db⊗β, dγ = Σ_o W∘H, dβ = Wᵀ·db. The
/// gradients of γ and β need no pass over n × c numbers, and a first layer, whose input needs no gradient, spends one matrix product
/// instead of two.
/// </para>
/// </remarks>
internal sealed unsafe class NormalizedLinear : autograd.SingleTensorFunction<NormalizedLinear>
{
    private const string Rectify = "rectify", InputNeedsGradient = "input needs gradient";

    public override string Name => nameof(NormalizedLinear);

    /// <summary>Whether <see cref="Train"/> can take this input.</summary>
    public static bool CanTrain(Tensor input)
        => CanEvaluate(input) && input.shape[0] > 1 && input.shape[1] >= ColumnNormalization.LeastColumns;

    /// <summary>Whether <see cref="Evaluate"/> can take this input.</summary>
    public static bool CanEvaluate(Tensor input) => input.ndim == 2 && input.IsSpannable();

    /// <summary>The layer in training mode: normalises with the batch's statistics and moves the running ones.</summary>
    /// <param name="input">n × c, n ≥ 2.</param>
    /// <param name="norm">Batch normalisation of c features.</param>
    /// <param name="weight">o × c.</param>
    /// <param name="bias">o.</param>
    /// <param name="rectify">Whether max(x, 0) is what is normalised.</param>
    /// <returns>n × o.</returns>
    public static Tensor Train(Tensor input, BatchNormalization norm, Tensor weight, Tensor bias, bool rectify)
        => apply(input, norm.Scale, norm.Shift, weight, bias, norm, rectify);

    /// <summary>The layer in evaluation mode, without gradients: the running statistics are folded into weight and bias.</summary>
    /// <remarks>The input itself is rectified, where that is asked for.</remarks>
    /// <inheritdoc cref="Train"/>
    public static Tensor Evaluate(Tensor input, BatchNormalization norm, Tensor weight, Tensor bias, bool rectify)
    {
        // (x − μ)∘s∘γ + β = x∘(s∘γ) + (β − μ∘s∘γ), with s the inverse deviations.
        using var slope = norm.RunningVariance.add(BatchNormalization.Epsilon).rsqrt_().mul_(norm.Scale);
        using var offset = norm.Shift.sub(norm.RunningMean.mul(slope));
        using var scaled = empty(weight.shape);
        return Product(rectify ? input.relu_() : input, scaled, slope, offset, weight, bias);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, gamma, beta, weight, bias) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Tensor)vars[3], (Tensor)vars[4]);
        var (norm, rectify) = ((BatchNormalization)vars[5], (bool)vars[6]);
        var (rows, columns) = ((int)input.shape[0], (int)input.shape[1]);
        Tensor normalized = empty(rows, columns), scaled = empty(weight.shape), mean = empty(columns), variance = empty(columns);
        ColumnNormalization.Apply(
            input.Address(), normalized.Address(), mean.Address(), variance.Address(), rows, columns, BatchNormalization.Epsilon, rectify);
        UpdateRunningStatistics(norm, mean.Floats(), variance.Floats(), rows);

        ctx.save_for_backward([input, gamma, beta, weight, scaled, normalized, variance]);
        ctx.save_data(Rectify, rectify);
        ctx.save_data(InputNeedsGradient, input.requires_grad);
        return Product(normalized, scaled, gamma, beta, weight, bias);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor outputGradient)
    {
        var saved = ctx.get_saved_variables();
        var (input, gamma, beta, weight, scaled, normalized, variance) = (saved[0], saved[1], saved[2], saved[3], saved[4], saved[5], saved[6]);
        var dense = outputGradient.contiguous();
        Tensor weightGradient = dense.t().mm(normalized), biasGradient = zeros(weight.shape[0]);
        Tensor gammaGradient = zeros(gamma.shape), betaGradient = zeros(beta.shape);
        NormalizedLinearKernels.AddRows(dense.Floats(), biasGradient.Floats());
        NormalizedLinearKernels.ParameterGradients(
            weight.Floats(), gamma.Floats(), beta.Floats(), biasGradient.Floats(),
            weightGradient.Floats(), gammaGradient.Floats(), betaGradient.Floats());
        var inputGradient = (bool)ctx.get_data(InputNeedsGradient)
            ? InputGradient(dense.mm(scaled), input, normalized, variance, gamma, gammaGradient, betaGradient, (bool)ctx.get_data(Rectify))
            : null;
        return [inputGradient!, gammaGradient, betaGradient, weightGradient, biasGradient, null!, null!];
    }

    /// <summary>(x∘γ + β)·Wᵀ + b = x·(W∘γ)ᵀ + (b + W·β); W∘γ is left in <paramref name="scaled"/>.</summary>
    private static Tensor Product(Tensor input, Tensor scaled, Tensor gamma, Tensor beta, Tensor weight, Tensor bias)
    {
        using var shift = empty(bias.shape);
        NormalizedLinearKernels.Fold(weight.Floats(), bias.Floats(), gamma.Floats(), beta.Floats(), scaled.Floats(), shift.Floats());
        return shift.addmm(input, scaled.t());
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

    private static Tensor InputGradient(
        Tensor product, Tensor input, Tensor normalized, Tensor variance, Tensor gamma, Tensor gammaGradient, Tensor betaGradient, bool rectify)
    {
        var (rows, columns) = ((int)input.shape[0], (int)input.shape[1]);
        var result = empty(rows, columns);
        float[] factor = new float[columns], shift = new float[columns], slope = new float[columns];
        NormalizedLinearKernels.InputGradientTerms(
            variance.Floats(), gamma.Floats(), gammaGradient.Floats(), betaGradient.Floats(), rows, factor, shift, slope);
        fixed (float* f = factor, a = shift, b = slope)
            NormalizedLinearKernels.InputGradient(
                product.Address(), input.Address(), normalized.Address(), f, a, b, result.Address(), rows, columns, rectify ? 0 : float.NegativeInfinity);
        return result;
    }
}
