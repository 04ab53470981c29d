namespace Focus;

public sealed partial class LandscapeScan
{
    /// <summary>Settings of <see cref="LandscapeScan"/>; the defaults are those of the phase diagrams in arXiv:2501.12243.</summary>
    /// <remarks>
    /// <see cref="LandscapeSimulator.Options.Landscape"/> is set by the method of <c>mlContext.Focus.Landscapes</c> that makes the scan.
    /// </remarks>
    public sealed record Options : LandscapeSimulator.Options
    {
        /// <summary>The sharpness a of data without such a column; finite, at least 0.</summary>
        public double Sharpness { get; init; } = 10;

        /// <summary>The noise σ of data without such a column; 0 to 1e6.</summary>
        public double Noise { get; init; }

        /// <summary>The weight decay ω of data without such a column; finite, at least 0.</summary>
        public double WeightDecay { get; init; } = 0.1;

        /// <summary>The slope c of data without such a column; finite, at least 0.</summary>
        public double Slope { get; init; } = 0.1;

        /// <summary>Whether the output holds what was kept of each run as column <c>RawLosses</c>.</summary>
        public bool RawLosses { get; init; }

        /// <summary>Stops simulations: reading rows then throws <see cref="OperationCanceledException"/>. Not part of model
        /// files.</summary>
        public CancellationToken CancellationToken { get; init; }

        internal LandscapeCell Cell => new(Sharpness, Noise, WeightDecay, Slope);

        /// <inheritdoc/>
        public override void Validate()
        {
            base.Validate();
            Cell.Validate();
        }
    }
}
