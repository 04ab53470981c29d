using TorchSharp.Interop;
using TorchSharp.Modules;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>A learned vector for each number below num_embeddings.</summary>
            public static Embedding Embedding(
                long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null, double norm_type = 2.0,
                bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null)
            {
                if (max_norm is not null) throw new NotSupportedException("Embeddings of limited norm are not supported here.");
                return new Embedding(num_embeddings, embedding_dims, padding_idx ?? -1, scale_grad_by_freq, sparse).Placed(device, dtype);
            }
        }
    }
}

namespace TorchSharp.Modules
{
    public sealed class Embedding : torch.nn.Module<torch.Tensor, torch.Tensor>
    {
        private readonly long _padding;
        private readonly bool _scales;
        private readonly bool _sparse;

        internal Embedding(long count, long width, long padding, bool scales, bool sparse) : base(nameof(Embedding))
        {
            (_padding, _scales, _sparse) = (padding, scales, sparse);
            var vectors = torch.empty(count, width).normal_();
            if (padding >= 0)
            {
                using var vector = vectors[padding];
                vector.zero_();
            }
            register_parameter(nameof(weight), new Parameter(vectors));
        }

        public Parameter? weight { get => Shared(nameof(weight)); set => Replace(nameof(weight), value); }

        public override torch.Tensor forward(torch.Tensor input) => Aten.Embedding.Call(Own(nameof(weight)), input, _padding, _scales, _sparse);
    }
}
