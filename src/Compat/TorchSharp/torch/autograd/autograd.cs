using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static unsafe partial class autograd
    {
        /// <summary>The gradients of the outputs' sum with respect to each input, without accumulating them.</summary>
        public static IList<Tensor> grad(
            IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null,
            bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            nint[] outs = Handles.Of(outputs), ins = Handles.Of(inputs), grads = Handles.Of(grad_outputs), results = new nint[ins.Length];
            fixed (nint* o = outs, i = ins, g = grads, r = results)
            {
                NativeMethods.Check(NativeMethods.ft_grad(
                    o, outs.Length, i, ins.Length, g, grads.Length, retain_graph ? 1 : 0, create_graph ? 1 : 0, allow_unused ? 1 : 0, r));
            }
            GC.KeepAlive((outputs, inputs, grad_outputs));
            return Handles.Wrap(results);
        }

        /// <summary>Accumulates the gradients of the tensors into the inputs, or into all leaves where none are named.</summary>
        public static void backward(
            IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null)
        {
            nint[] roots = Handles.Of(tensors), grads = Handles.Of(grad_tensors), ins = Handles.Of(inputs);
            fixed (nint* t = roots, g = grads, i = ins)
            {
                NativeMethods.Check(NativeMethods.ft_backward(
                    t, roots.Length, g, grads.Length, i, ins.Length, (retain_graph ?? create_graph) ? 1 : 0, create_graph ? 1 : 0));
            }
            GC.KeepAlive((tensors, grad_tensors, inputs));
        }
    }
}
