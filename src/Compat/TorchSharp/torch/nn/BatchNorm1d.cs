using TorchSharp.Modules;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>Normalises each feature over the batch, and with running statistics in evaluation.</summary>
            public static BatchNorm1d BatchNorm1d(
                long features, double eps = 1e-05, double momentum = 0.1, bool affine = true, bool track_running_stats = true,
                Device? device = null, ScalarType? dtype = null) =>
                new BatchNorm1d(features, eps, momentum, affine, track_running_stats).Placed(device, dtype);
        }
    }
}

namespace TorchSharp.Modules
{
    public sealed class BatchNorm1d : torch.nn.Module<torch.Tensor, torch.Tensor>
    {
        private readonly double _eps;
        private readonly double _momentum;
        private readonly bool _tracks;

        internal BatchNorm1d(long features, double eps, double momentum, bool affine, bool tracks) : base(nameof(BatchNorm1d))
        {
            (_eps, _momentum, _tracks) = (eps, momentum, tracks);
            if (affine)
            {
                register_parameter(nameof(weight), new Parameter(torch.ones(features)));
                register_parameter(nameof(bias), new Parameter(torch.zeros(features)));
            }
            if (tracks)
            {
                register_buffer(nameof(running_mean), torch.zeros(features));
                register_buffer(nameof(running_var), torch.ones(features));
                register_buffer(nameof(num_batches_tracked), torch.zeros([], dtype: torch.int64));
            }
        }

        public Parameter? weight { get => Shared(nameof(weight)); set => Replace(nameof(weight), value); }

        public Parameter? bias { get => Shared(nameof(bias)); set => Replace(nameof(bias), value); }

        public torch.Tensor? running_mean { get => SharedBuffer(nameof(running_mean)); set => ReplaceBuffer(nameof(running_mean), value); }

        public torch.Tensor? running_var { get => SharedBuffer(nameof(running_var)); set => ReplaceBuffer(nameof(running_var), value); }

        public torch.Tensor? num_batches_tracked => SharedBuffer(nameof(num_batches_tracked));

        public override torch.Tensor forward(torch.Tensor tensor)
        {
            if (tensor.ndim is not (2 or 3))
                throw new ArgumentException($"BatchNorm1d takes a tensor of 2 or 3 dimensions; found {tensor}.", nameof(tensor));
            if (training && _tracks) OwnBuffer(nameof(num_batches_tracked))!.add_(1);
            return torch.nn.functional.batch_norm(
                tensor, OwnBuffer(nameof(running_mean))!, OwnBuffer(nameof(running_var))!, Own(nameof(weight)), Own(nameof(bias)),
                training || !_tracks, _momentum, _eps);
        }
    }
}
