namespace Focus;

/// <summary>A landscape L(u, q) around an axis: u is the coordinate along the axis, q the squared distance from it.</summary>
/// <remarks>To add a landscape, write one such struct and one factory in <see cref="Landscape"/>.</remarks>
internal interface IValley
{
    /// <summary>∂L/∂u, and the factor h of the gradient h·v across the axis (h = 2·∂L/∂q).</summary>
    (T Along, T Across) Gradient<T>(T u, T q) where T : struct, ILanes<T>;

    T Loss<T>(T u, T q) where T : struct, ILanes<T>;
}
