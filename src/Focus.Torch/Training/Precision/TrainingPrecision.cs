namespace Focus;

/// <summary>In which type a model computes while it is trained.</summary>
/// <remarks>The optimizer's weights and state are float32 always; with the shorter types the model computes with rounded copies of the
/// weights, and the gradients are summed, clipped and applied in float32.</remarks>
public enum TrainingPrecision
{
    /// <summary>32 bits throughout.</summary>
    Float32,

    /// <summary>16 bits with the range of float32 and 8 significant bits.</summary>
    /// <remarks>On a CPU, libtorch's own kernels compute in it. Processors with AMX or AVX512-BF16 multiply matrices in it faster than in float32;
    /// on others every operation converts to float32 and back, which is slower than float32.</remarks>
    BFloat16,

    /// <summary>16 bits with 11 significant bits and values up to 65504, with dynamic loss scaling; as in the paper's GPT-2 runs.</summary>
    Float16,
}

internal static class TrainingPrecisions
{
    extension(TrainingPrecision precision)
    {
        /// <summary>The type as torch names it.</summary>
        public TorchSharp.torch.ScalarType ScalarType => precision switch
        {
            TrainingPrecision.BFloat16 => TorchSharp.torch.ScalarType.BFloat16,
            TrainingPrecision.Float16 => TorchSharp.torch.ScalarType.Float16,
            _ => TorchSharp.torch.ScalarType.Float32,
        };
    }
}
