#nullable disable // TorchSharp leaves these types unannotated: what derives from them may choose.
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        /// <summary>What a learning-rate schedule acts on.</summary>
        public interface ILearningRateController
        {
            double LearningRate { get; set; }

            /// <summary>The rate that a schedule starts from.</summary>
            double InitialLearningRate { get; set; }
        }

        /// <summary>Changes parameters by their gradients.</summary>
        public abstract class Optimizer : IDisposable
        {
            protected IList<ParamGroup> _parameter_groups;

            /// <param name="handle">A native optimizer, or zero for a managed one, which is all there is here.</param>
            protected Optimizer(IntPtr handle)
            {
                if (handle != 0) throw new NotSupportedException("Optimizers are managed code here: the handle must be zero.");
            }

            ~Optimizer() => Dispose(false);

            public virtual IEnumerable<ILearningRateController> ParamGroups => _parameter_groups;

            public abstract IEnumerable<Parameter> parameters();

            public abstract void zero_grad();

            public virtual void add_param_group(ParamGroup param_group) => throw new NotImplementedException();

            public abstract Tensor step(Func<Tensor> closure = null);

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing)
            {
            }

            /// <summary>Options of each group and state of each parameter, both the optimizer's own objects.</summary>
            public class StateDictionary
            {
                internal StateDictionary()
                {
                }

                public List<OptimizerOptions> Options { get; } = [];

                public List<OptimizerState> State { get; } = [];

                /// <summary>For each group the places of its parameters in <see cref="State"/>.</summary>
                public List<List<int>> StateIndexRef { get; } = [];
            }
        }
    }
}
