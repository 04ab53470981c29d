namespace Focus;

/// <summary>FOCUS as the theory has it: decaying rates, and projection onto the feasible box.</summary>
internal sealed class ProjectedFocus(RegretSettings settings)
{
    private readonly double[] momentum = new double[settings.Dimensions];
    private readonly double[] average = new double[settings.Dimensions];
    private int step;

    public void Step(double[] point, double[] gradient)
    {
        step++;
        var rate = settings.LearningRate / Math.Sqrt(step);
        var beta = settings.Beta1 * Math.Pow(settings.Beta1Decay, step);
        var gamma = settings.Gamma * Math.Pow(settings.GammaDecay, step);
        var correction = 1 / (1 - Math.Pow(settings.Beta2, step));
        for (var i = 0; i < point.Length; i++)
        {
            momentum[i] = beta * momentum[i] + (1 - beta) * gradient[i];
            average[i] = settings.Beta2 * average[i] + (1 - settings.Beta2) * point[i];
            var direction = Math.Sign(momentum[i]) + gamma * Math.Sign(point[i] - average[i] * correction);
            point[i] = Math.Clamp(point[i] - rate * direction, -settings.HalfWidth, settings.HalfWidth);
        }
    }
}
