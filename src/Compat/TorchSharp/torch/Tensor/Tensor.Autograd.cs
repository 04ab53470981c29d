using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public bool requires_grad
        {
            get
            {
                var requires = NativeMethods.ft_tensor_requires_grad(Handle) != 0;
                GC.KeepAlive(this);
                return requires;
            }
            set
            {
                NativeMethods.Check(NativeMethods.ft_tensor_set_requires_grad(Handle, value ? 1 : 0));
                GC.KeepAlive(this);
            }
        }

        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        public bool is_leaf
        {
            get
            {
                var leaf = NativeMethods.ft_tensor_is_leaf(Handle) != 0;
                GC.KeepAlive(this);
                return leaf;
            }
        }

        /// <summary>The accumulated gradient, as a new tensor object on the same memory, or null.</summary>
        public Tensor? grad
        {
            get
            {
                var handle = NativeMethods.ft_tensor_grad(Handle);
                GC.KeepAlive(this);
                return handle == 0 ? null : new Tensor(handle);
            }
            set
            {
                NativeMethods.ft_tensor_set_grad(Handle, value?.Handle ?? 0);
                GC.KeepAlive(this);
                GC.KeepAlive(value);
            }
        }

        /// <summary>Accumulates the gradient of this scalar into the leaves it was computed from.</summary>
        public void backward() => autograd.backward([this]);

        public Tensor detach() => Aten.Detach.Call(this);
    }
}
