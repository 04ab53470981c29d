using TorchSharp.Interop;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The elements as managed values, a copy on the CPU where the tensor is elsewhere.</summary>
        public TensorAccessor<T> data<T>() where T : unmanaged
        {
            CheckElementType<T>();
            return new TensorAccessor<T>(device_type == DeviceType.CPU ? this : cpu());
        }

        /// <summary>The only element.</summary>
        public T item<T>() where T : unmanaged =>
            numel() == 1 ? data<T>()[0] : throw new ArgumentException($"item needs a tensor with one element; found {this}.");

        /// <summary>Any element type, as the double, long or bool that libtorch gives.</summary>
        internal Value ItemValue() => Aten.Item.CallValue(this);

        private void CheckElementType<T>()
        {
            var expected = dtype switch
            {
                ScalarType.Byte => typeof(byte),
                ScalarType.Int8 => typeof(sbyte),
                ScalarType.Int16 => typeof(short),
                ScalarType.Int32 => typeof(int),
                ScalarType.Int64 => typeof(long),
                ScalarType.Float16 => typeof(Half),
                ScalarType.Float32 => typeof(float),
                ScalarType.Float64 => typeof(double),
                ScalarType.Bool => typeof(bool),
                _ => null,
            };
            if (typeof(T) != expected) throw new ArgumentException($"{typeof(T).Name} is not the element type of {this}.");
        }
    }
}
