using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Another tensor object for the same native tensor.</summary>
        public Tensor alias()
        {
            var handle = NativeMethods.ft_tensor_share(Handle);
            GC.KeepAlive(this);
            return new Tensor(handle);
        }

        public Tensor clone() => Aten.Clone.Call(this);

        public Tensor contiguous() => Aten.Contiguous.Call(this);

        public Tensor cpu() => Aten.ToDevice.Call(this, CPU, dtype, false, false);

        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false)
        {
            var result = Aten.ToType.Call(this, type, non_blocking, copy);
            if (disposeAfter) Dispose();
            return result;
        }

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(dtype, device, copy, disposeAfter, non_blocking);

        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false)
        {
            var result = Aten.ToDevice.Call(this, Initialized(device), type, non_blocking, copy);
            if (disposeAfter) Dispose();
            return result;
        }

        public Tensor copy_(Tensor source, bool nonBlocking = false)
        {
            Aten.Copy_.Run(this, source, nonBlocking);
            return this;
        }

        public Tensor zero_()
        {
            Aten.Zero_.Run(this);
            return this;
        }

        public Tensor fill_(Scalar value)
        {
            Aten.Fill_.Run(this, value);
            return this;
        }

        public Tensor uniform_(double from, double to, Generator? generator = null)
        {
            Aten.Uniform_.Run(this, from, to, generator);
            return this;
        }

        public Tensor normal_(double mean = 0, double std = 1, Generator? generator = null)
        {
            Aten.Normal_.Run(this, mean, std, generator);
            return this;
        }
    }
}
