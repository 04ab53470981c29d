using Microsoft.ML;

namespace Focus;

public sealed partial class MlpTrainer
{
    /// <summary>Settings of <see cref="MlpTrainer"/>; the defaults are the paper's MNIST network and run (arXiv:2501.12243).</summary>
    public sealed record Options : TrainingOptions
    {
        /// <summary>The label column: a key.</summary>
        public string LabelColumnName { get; init; } = "Label";

        /// <summary>The feature column: a vector of Single of known size.</summary>
        public string FeatureColumnName { get; init; } = "Features";

        /// <summary>The widths of the hidden layers, each ≥ 1; none for a linear classifier.</summary>
        public IReadOnlyList<int> HiddenWidths { get; init; } = [128, 128, 128, 128, 128];

        /// <summary>Whether each linear layer's input is batch-normalised; takes batches of at least 2 rows.</summary>
        public bool BatchNormalization { get; init; } = true;

        /// <summary>The data to evaluate on every <see cref="TrainingRunOptions.EvaluationInterval"/> steps and at the end; null for
        /// none.</summary>
        /// <remarks>In a chain, it must be as the chain's earlier part leaves it.</remarks>
        public IDataView? EvaluationSet { get; init; }

        /// <inheritdoc/>
        public override void Validate()
        {
            base.Validate();
            ArgumentException.ThrowIfNullOrEmpty(LabelColumnName);
            ArgumentException.ThrowIfNullOrEmpty(FeatureColumnName);
            ArgumentNullException.ThrowIfNull(HiddenWidths);
            if (HiddenWidths.Any(width => width < 1))
                throw new ArgumentOutOfRangeException(
                    nameof(HiddenWidths), $"{nameof(HiddenWidths)} are {string.Join(", ", HiddenWidths)}; each must be at least 1.");
            if (BatchNormalization && BatchSize < 2)
                throw new ArgumentOutOfRangeException(
                    nameof(BatchSize), $"{nameof(BatchSize)} is {BatchSize}; with {nameof(BatchNormalization)} it must be at least 2.");
        }
    }
}
