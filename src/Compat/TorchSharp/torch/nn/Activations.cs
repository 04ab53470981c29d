using TorchSharp.Modules;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>max(x, 0).</summary>
            public static ReLU ReLU(bool inplace = false) => new(inplace);

            /// <summary>Zeroes elements with probability p in training, and scales the others by 1 / (1 − p).</summary>
            public static Dropout Dropout(double p = 0.5, bool inplace = false) => new(p, inplace);
        }
    }
}

namespace TorchSharp.Modules
{
    public sealed class ReLU : torch.nn.Module<torch.Tensor, torch.Tensor>
    {
        private readonly bool _inplace;

        internal ReLU(bool inplace) : base(nameof(ReLU)) => _inplace = inplace;

        public override torch.Tensor forward(torch.Tensor tensor) => torch.nn.functional.relu(tensor, _inplace);
    }

    public sealed class Dropout : torch.nn.Module<torch.Tensor, torch.Tensor>
    {
        private readonly double _p;
        private readonly bool _inplace;

        internal Dropout(double p, bool inplace) : base(nameof(Dropout)) => (_p, _inplace) = (p, inplace);

        public override torch.Tensor forward(torch.Tensor tensor) => torch.nn.functional.dropout(tensor, _p, training, _inplace);
    }
}
