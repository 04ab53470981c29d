using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static class utils
        {
            private const double Epsilon = 1e-6;

            /// <summary>Scales the gradients so that together they have at most this norm; returns the norm they had.</summary>
            public static double clip_grad_norm_(IEnumerable<Parameter> tensors, double max_norm, double norm_type = 2.0)
            {
                using var noGrad = no_grad();
                using var scope = NewDisposeScope();
                var grads = tensors.Select(p => p.grad).OfType<Tensor>().ToList();
                if (grads.Count == 0) return 0;

                var total = stack(grads.Select(g => g.norm((float)norm_type))).norm((float)norm_type).ToDouble();
                var scale = max_norm / (total + Epsilon);
                if (scale < 1) foreach (var grad in grads) grad.mul_(scale);
                return total;
            }
        }
    }
}
