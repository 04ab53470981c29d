using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public unsafe partial class Tensor
    {
        public long ndim => dim();

        public long dim()
        {
            var dimensions = NativeMethods.ft_tensor_dim(Handle);
            GC.KeepAlive(this);
            return dimensions;
        }

        public long numel()
        {
            var count = NativeMethods.ft_tensor_numel(Handle);
            GC.KeepAlive(this);
            return count;
        }

        public long ElementSize => dtype.Size();

        public long[] shape
        {
            get
            {
                var sizes = new ReadOnlySpan<long>(NativeMethods.ft_tensor_sizes(Handle), (int)dim()).ToArray();
                GC.KeepAlive(this);
                return sizes;
            }
        }

        public long size(int dim)
        {
            var dimensions = this.dim();
            if (dim < -dimensions || dim >= dimensions)
                throw new ArgumentOutOfRangeException(nameof(dim), dim, $"The tensor has {dimensions} dimensions.");
            var size = NativeMethods.ft_tensor_sizes(Handle)[dim < 0 ? dim + dimensions : dim];
            GC.KeepAlive(this);
            return size;
        }

        public long[] stride()
        {
            var strides = new ReadOnlySpan<long>(NativeMethods.ft_tensor_strides(Handle), (int)dim()).ToArray();
            GC.KeepAlive(this);
            return strides;
        }

        public ScalarType dtype
        {
            get
            {
                var type = (ScalarType)NativeMethods.ft_tensor_dtype(Handle);
                GC.KeepAlive(this);
                return type;
            }
        }

        public Device device
        {
            get
            {
                var place = Place;
                return new Device((DeviceType)(place >> 32), (int)place);
            }
        }

        public DeviceType device_type => (DeviceType)(Place >> 32);

        public bool is_contiguous()
        {
            var contiguous = NativeMethods.ft_tensor_is_contiguous(Handle) != 0;
            GC.KeepAlive(this);
            return contiguous;
        }

        /// <summary>The memory of a contiguous CPU tensor, not a copy.</summary>
        public Span<byte> bytes
        {
            get
            {
                CheckViewable();
                var count = numel() * ElementSize;
                return count <= int.MaxValue
                    ? new Span<byte>((void*)Data(), (int)count)
                    : throw new ArgumentException($"A span holds at most {int.MaxValue} bytes, and the tensor has {count}.");
            }
        }

        /// <summary>The address of the first element.</summary>
        internal nint Data()
        {
            var data = NativeMethods.ft_tensor_data(Handle);
            GC.KeepAlive(this);
            return data;
        }

        private long Place
        {
            get
            {
                var place = NativeMethods.ft_tensor_device(Handle);
                GC.KeepAlive(this);
                return place;
            }
        }

        private void CheckViewable()
        {
            if (!is_contiguous())
                throw new InvalidOperationException($"The bytes of a tensor that is not contiguous cannot be viewed: {this}.");
            if (device_type != DeviceType.CPU)
                throw new InvalidOperationException($"Only the bytes of a CPU tensor can be viewed: {this}; copy it with cpu() first.");
        }
    }
}
