using TorchSharp.Modules;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>y = x·Wᵀ + b.</summary>
            public static Linear Linear(long inputSize, long outputSize, bool hasBias = true, Device? device = null, ScalarType? dtype = null) =>
                new Linear(inputSize, outputSize, hasBias).Placed(device, dtype);
        }
    }
}

namespace TorchSharp.Modules
{
    public sealed class Linear : torch.nn.Module<torch.Tensor, torch.Tensor>
    {
        internal Linear(long inputSize, long outputSize, bool hasBias) : base(nameof(Linear))
        {
            var bound = 1 / Math.Sqrt(inputSize);
            register_parameter(nameof(weight), Uniform([outputSize, inputSize], bound));
            if (hasBias) register_parameter(nameof(bias), Uniform([outputSize], bound));
        }

        public Parameter? weight { get => Shared(nameof(weight)); set => Replace(nameof(weight), value); }

        public Parameter? bias { get => Shared(nameof(bias)); set => Replace(nameof(bias), value); }

        public override torch.Tensor forward(torch.Tensor tensor) =>
            torch.nn.functional.linear(tensor, Own(nameof(weight))!, Own(nameof(bias)));

        private static Parameter Uniform(long[] shape, double bound) => new(torch.empty(shape).uniform_(-bound, bound));
    }
}
