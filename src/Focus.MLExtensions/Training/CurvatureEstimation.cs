using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Gives an <see cref="ICurvatureOptimizer"/> its estimates in a training run; does nothing for any other optimizer.</summary>
/// <param name="optimizer">The run's optimizer.</param>
/// <param name="parameters">The model's parameters.</param>
/// <param name="buffers">Its other tensors, such as averages of normalisations, which estimates leave as they are.</param>
/// <param name="seed">The run's seed: the random numbers of a step depend on it and on the step alone, so that a resumed run repeats
/// them.</param>
/// <param name="rank">The rank of this process, which draws labels of its own.</param>
internal sealed class CurvatureEstimation(
    OptimizerHelper optimizer, IReadOnlyList<Parameter> parameters, IReadOnlyList<Tensor> buffers, int seed, int rank = 0)
{
    /// <summary>How far a parameter is moved for the difference of two gradients.</summary>
    private const double Distance = 1e-3;

    private readonly ICurvatureOptimizer? curvature = optimizer as ICurvatureOptimizer;
    private bool isDue;

    /// <summary>Has a step's passes draw the same random numbers, as what is dropped out must be the same in gradients that are compared.</summary>
    public void SeedPass(long step)
    {
        if (curvature is { Kind: not CurvatureKind.None }) manual_seed((long)new RandomStream(seed, RandomPurpose.Dropout, step).Next());
    }

    /// <summary>Does what the optimizer needs before a step, and leaves parameters and gradients as they are.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="addGradients">Adds the gradients of the step's mean loss.</param>
    /// <param name="clipping">The factor by which the step's gradients were clipped.</param>
    public void BeforeStep(long step, Action addGradients, double clipping = 1)
    {
        isDue = curvature?.IsDue ?? false;
        if (!isDue || curvature!.Kind == CurvatureKind.SampledGradient) return;
        using var scope = NewDisposeScope();
        using var _ = new KeptTensors(buffers);
        var gradients = Gradients();
        if (curvature.Kind == CurvatureKind.HessianDiagonal) TakeHessianDiagonal(step, addGradients);
        else
        {
            ZeroGradients();
            curvature.AtPreviousWeights(() => AddGradients(step, addGradients));
            Take(Gradients().Select(gradient => gradient.mul_(LiveScalar.Of(clipping))));
        }
        foreach (var (parameter, gradient) in parameters.Zip(gradients)) parameter.grad?.copy_(gradient);
    }

    private void TakeHessianDiagonal(long step, Action addGradients)
    {
        var weights = parameters.Select(parameter => parameter.detach().clone()).ToArray();
        using var generator = new Generator(new RandomStream(seed, RandomPurpose.Curvature, step).Next());
        var signs = parameters.Select(parameter => randint(0, 2, parameter.shape, generator: generator).to(parameter.dtype).to(parameter.device)
            .mul_(LiveScalar.Of(2)).sub_(LiveScalar.One)).ToArray();

        Tensor[] ahead, behind;
        try
        {
            ahead = GradientsAt(weights, signs, Distance, () => AddGradients(step, addGradients));
            behind = GradientsAt(weights, signs, -Distance, () => AddGradients(step, addGradients));
        }
        finally
        {
            Set(weights);
        }
        // z·(H·z) from the central difference of gradients, which, unlike a second backward pass, any model has.
        var estimates = ahead.Zip(behind, signs).Select(all => all.First.sub(all.Second).mul_(all.Third).div_(LiveScalar.Of(2 * Distance)));
        Take(estimates);
    }

    /// <summary>Does what the optimizer needs after a step; the gradients are zeros then.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="addSampledGradients">As before a step, with labels that are drawn from the model's own output.</param>
    public void AfterStep(long step, Action addSampledGradients)
    {
        if (!isDue || curvature!.Kind != CurvatureKind.SampledGradient) return;
        using var scope = NewDisposeScope();
        using var _ = new KeptTensors(buffers);
        var random = new RandomStream(seed, RandomPurpose.Curvature, step);
        random.Skip(rank);
        manual_seed((long)random.Next());
        ZeroGradients();
        addSampledGradients();
        Take(Gradients());
        ZeroGradients();
    }

    private void AddGradients(long step, Action addGradients)
    {
        SeedPass(step);
        addGradients();
    }

    private void Take(IEnumerable<Tensor> estimates)
    {
        var known = parameters.Zip(estimates).ToDictionary(pair => pair.First.Handle, pair => pair.Second);
        curvature!.Take(parameter => known.GetValueOrDefault(parameter.Handle));
    }

    private Tensor[] GradientsAt(Tensor[] weights, Tensor[] directions, double distance, Action addGradients)
    {
        Set([.. weights.Zip(directions).Select(pair => pair.First.add(pair.Second, LiveScalar.Of(distance)))]);
        ZeroGradients();
        addGradients();
        return Gradients();
    }

    private Tensor[] Gradients() => [.. parameters.Select(parameter => parameter.grad is { } gradient ? gradient.detach().clone() : zeros_like(parameter))];

    private void ZeroGradients()
    {
        foreach (var parameter in parameters) parameter.grad?.zero_();
    }

    private void Set(Tensor[] weights)
    {
        using var _ = no_grad();
        foreach (var (parameter, weight) in parameters.Zip(weights)) parameter.copy_(weight);
    }
}

/// <summary>Tensors that get their values back at the end.</summary>
internal sealed class KeptTensors(IReadOnlyList<Tensor> tensors) : IDisposable
{
    private readonly Tensor[] values = [.. tensors.Select(tensor => tensor.detach().clone().DetachFromDisposeScope())];

    public void Dispose()
    {
        using var _ = no_grad();
        foreach (var (tensor, value) in tensors.Zip(values))
        {
            tensor.copy_(value);
            value.Dispose();
        }
    }
}

/// <summary>Has the model hold its averages for a while, where the optimizer trains other weights (<see cref="IAveragingOptimizer"/>).</summary>
internal readonly struct AverageScope : IDisposable
{
    private readonly IAveragingOptimizer? optimizer;

    public AverageScope(OptimizerHelper optimizer)
    {
        this.optimizer = optimizer as IAveragingOptimizer;
        this.optimizer?.ToAverage();
    }

    public void Dispose() => optimizer?.ToTraining();
}
