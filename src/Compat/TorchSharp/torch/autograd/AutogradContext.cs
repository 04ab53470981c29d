#nullable disable // TorchSharp leaves these types unannotated.
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>What a function's forward pass leaves for its backward pass.</summary>
        public class AutogradContext
        {
            private readonly Dictionary<string, object> _data = [];

            internal AutogradContext()
            {
            }

            internal List<Tensor> Saved { get; private set; } = [];

            internal List<Tensor> Dirty { get; private set; } = [];

            internal List<Tensor> NonDifferentiable { get; private set; } = [];

            /// <summary>The native context, during the backward pass.</summary>
            internal nint Native { get; set; }

            /// <summary>Whether gradients that are not there are given as zeros.</summary>
            public bool MaterializeGrads { get; private set; } = true;

            public void set_materialize_grads(bool value) => MaterializeGrads = value;

            public void save_for_backward(List<Tensor> tensors) => Saved = tensors;

            public void mark_dirty(List<Tensor> tensors) => Dirty = [.. tensors];

            public void mark_non_differentiable(List<Tensor> tensors) => NonDifferentiable = [.. tensors];

            /// <summary>In the backward pass: the tensors of <see cref="save_for_backward"/>, as new tensor objects.</summary>
            public unsafe List<Tensor> get_saved_variables()
            {
                if (Native == 0) return [];
                int count;
                var handles = NativeMethods.Check(NativeMethods.ft_saved_variables(Native, &count));
                return [.. Handles.Take(handles, count)];
            }

            public void save_data(string key, object value) => _data[key] = value;

            public object get_data(string key) => _data.GetValueOrDefault(key);
        }
    }
}
