namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Fills tensors in place, without recording gradients.</summary>
        public static class init
        {
            public enum FanInOut
            {
                FanIn,
                FanOut,
            }

            public enum NonlinearityType
            {
                Linear = 0,
                ReLU = 9,
                LeakyReLU = 10,
            }

            public static Tensor zeros_(Tensor tensor) => WithoutGrad(tensor, t => t.zero_());

            public static Tensor ones_(Tensor tensor) => WithoutGrad(tensor, t => t.fill_(1));

            public static Tensor constant_(Tensor tensor, Scalar val) => WithoutGrad(tensor, t => t.fill_(val));

            public static Tensor uniform_(Tensor tensor, double low = 0, double high = 1, Generator? generator = null) =>
                WithoutGrad(tensor, t => t.uniform_(low, high, generator));

            public static Tensor normal_(Tensor tensor, double mean = 0, double std = 1, Generator? generator = null) =>
                WithoutGrad(tensor, t => t.normal_(mean, std, generator));

            /// <summary>U(−b, b) with b = gain·√(3 / fan), as He et al. 2015 derive it for rectifiers.</summary>
            public static Tensor kaiming_uniform_(
                Tensor tensor, double a = 0, FanInOut mode = FanInOut.FanIn, NonlinearityType nonlinearity = NonlinearityType.LeakyReLU)
            {
                var gain = nonlinearity switch
                {
                    NonlinearityType.ReLU => Math.Sqrt(2),
                    NonlinearityType.LeakyReLU => Math.Sqrt(2 / (1 + a * a)),
                    _ => 1,
                };
                var bound = gain * Math.Sqrt(3.0 / Fan(tensor, mode));
                return uniform_(tensor, -bound, bound);
            }

            /// <summary>Inputs or outputs of one unit: a size of the matrix times the size of the receptive field.</summary>
            private static double Fan(Tensor tensor, FanInOut mode)
            {
                var shape = tensor.shape;
                if (shape.Length < 2) throw new ArgumentException($"Fan in and out need at least 2 dimensions; found {tensor}.", nameof(tensor));
                return shape[mode == FanInOut.FanIn ? 1 : 0] * shape[2..].Aggregate(1.0, (field, size) => field * size);
            }

            private static Tensor WithoutGrad(Tensor tensor, Action<Tensor> fill)
            {
                using var noGrad = no_grad();
                fill(tensor);
                return tensor;
            }
        }
    }
}
