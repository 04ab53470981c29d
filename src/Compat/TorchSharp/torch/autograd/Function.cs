#nullable disable // TorchSharp leaves these types unannotated: what derives from them may choose.
namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>An operation with a gradient of its own; inputs may be tensors or anything else.</summary>
        public abstract class Function<T> where T : Function<T>, new()
        {
            internal static T Instance { get; } = new();

            public abstract string Name { get; }

            internal abstract List<Tensor> RunForward(AutogradContext context, object[] inputs);

            internal abstract List<Tensor> RunBackward(AutogradContext context, List<Tensor> grads);

            internal static List<Tensor> Apply(object[] inputs)
            {
                var context = new AutogradContext();
                List<Tensor> outputs;
                using (no_grad()) outputs = Instance.RunForward(context, inputs);
                return FunctionNode.Attach(Instance.Name, context, Instance.RunBackward, inputs, outputs);
            }
        }

        /// <summary>A function with one output.</summary>
        public abstract class SingleTensorFunction<T> : Function<T> where T : SingleTensorFunction<T>, new()
        {
            public static Tensor apply(params object[] vars) => Apply(vars)[0];

            public abstract Tensor forward(AutogradContext ctx, params object[] vars);

            /// <summary>One gradient for each input of forward; null where there is none.</summary>
            public abstract List<Tensor> backward(AutogradContext ctx, Tensor grad_output);

            internal sealed override List<Tensor> RunForward(AutogradContext context, object[] inputs) => [forward(context, inputs)];

            internal sealed override List<Tensor> RunBackward(AutogradContext context, List<Tensor> grads) => backward(context, grads[0]);
        }

        /// <summary>A function with any number of outputs.</summary>
        public abstract class MultiTensorFunction<T> : Function<T> where T : MultiTensorFunction<T>, new()
        {
            public static List<Tensor> apply(params object[] vars) => Apply(vars);

            public abstract List<Tensor> forward(AutogradContext ctx, params object[] vars);

            /// <inheritdoc cref="SingleTensorFunction{T}.backward"/>
            public abstract List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs);

            internal sealed override List<Tensor> RunForward(AutogradContext context, object[] inputs) => forward(context, inputs);

            internal sealed override List<Tensor> RunBackward(AutogradContext context, List<Tensor> grads) => backward(context, grads);
        }
    }
}
