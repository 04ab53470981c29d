using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>A function's place in the graph: native code holds it until the graph is freed, and calls it in the backward
        /// pass.</summary>
        private sealed unsafe class FunctionNode(
            string name, AutogradContext context, Func<AutogradContext, List<Tensor>, List<Tensor>> backward, bool[] isTensor)
        {
            static FunctionNode() => NativeMethods.ft_set_function_callbacks(&Backward, &Release);

            public static List<Tensor> Attach(
                string name, AutogradContext context, Func<AutogradContext, List<Tensor>, List<Tensor>> backward, object[] inputs, List<Tensor> outputs)
            {
                var tensors = inputs.OfType<Tensor>().Where(t => !t.IsInvalid).ToArray();
                var node = new FunctionNode(name, context, backward, [.. inputs.Select(i => i is Tensor { IsInvalid: false })]);
                nint[] ins = Handles.Of(tensors), outs = Handles.Of(outputs), saved = Handles.Of(context.Saved),
                    dirty = Handles.Of(context.Dirty), constant = Handles.Of(context.NonDifferentiable), results = new nint[outs.Length];
                fixed (nint* i = ins, o = outs, s = saved, d = dirty, c = constant, r = results)
                {
                    NativeMethods.Check(NativeMethods.ft_function_apply(
                        GCHandle.ToIntPtr(GCHandle.Alloc(node)), context.MaterializeGrads ? 1 : 0, i, ins.Length, o, outs.Length,
                        s, saved.Length, d, dirty.Length, c, constant.Length, r));
                }
                GC.KeepAlive((tensors, outputs, context));
                return [.. Handles.Wrap(results)];
            }

            [UnmanagedCallersOnly]
            private static int Backward(nint node, nint native, nint* grads, int gradCount, nint* results, int resultCount)
            {
                try
                {
                    ((FunctionNode)GCHandle.FromIntPtr(node).Target!).Backward(native, new(grads, gradCount), new(results, resultCount));
                    return 1;
                }
                catch (Exception e)
                {
                    NativeMethods.ft_fail(e.Message);
                    return 0;
                }
            }

            [UnmanagedCallersOnly]
            private static void Release(nint node) => GCHandle.FromIntPtr(node).Free();

            private void Backward(nint native, ReadOnlySpan<nint> grads, Span<nint> results)
            {
                var given = new List<Tensor>(grads.Length);
                foreach (var grad in grads) given.Add(new Tensor(grad));

                context.Native = native;
                var found = backward(context, given);
                context.Native = 0;

                if (found.Count < isTensor.Length || found.Skip(isTensor.Length).Any(IsThere))
                    throw new InvalidOperationException($"The backward pass of {name} returned {found.Count} gradients for {isTensor.Length} inputs.");
                var next = 0;
                for (var i = 0; i < isTensor.Length; i++)
                {
                    if (!isTensor[i] && IsThere(found[i]))
                        throw new InvalidOperationException($"The backward pass of {name} returned a gradient for input {i}, which is not a tensor.");
                    if (isTensor[i]) results[next++] = IsThere(found[i]) ? NativeMethods.ft_tensor_share(found[i].Handle) : 0;
                }
                GC.KeepAlive(found);
            }

            private static bool IsThere(Tensor? tensor) => tensor is { IsInvalid: false };
        }
    }
}
