using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One index of a tensor: a number, a slice, all of a dimension, a new dimension, or a tensor of indices.</summary>
    public struct TensorIndex
    {
        private enum Kind { Colon, None, Single, Slice, Tensor }

        private Kind _kind;
        private long? _start;
        private long? _stop;
        private long? _step;
        private Tensor? _tensor;

        public static readonly TensorIndex Colon = new() { _kind = Kind.Colon };

        public static readonly TensorIndex None = new() { _kind = Kind.None };

        public static TensorIndex Single(long? index) => new() { _kind = Kind.Single, _start = index };

        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new() { _kind = Kind.Slice, _start = start, _stop = stop, _step = step };

        public static TensorIndex Tensor(Tensor tensor) => new() { _kind = Kind.Tensor, _tensor = tensor };

        public static implicit operator TensorIndex(long value) => Single(value);

        /// <summary>Applies the indices from the first dimension on; index tensors are gathered at the end.</summary>
        internal static Tensor Apply(Tensor tensor, TensorIndex[] indices)
        {
            using var scope = NewDisposeScope();
            var view = tensor.alias();
            var dimension = 0;
            List<Tensor?> gathered = [];
            foreach (var index in indices)
            {
                if (index._kind == Kind.Single)
                {
                    view = view.select(dimension, index._start!.Value);
                    continue;
                }
                view = index._kind switch
                {
                    Kind.None => view.unsqueeze(dimension),
                    Kind.Slice => Aten.Slice.Call(view, (long)dimension, index._start, index._stop, index._step ?? 1),
                    _ => view,
                };
                gathered.Add(index._tensor);
                dimension++;
            }
            if (gathered.Exists(t => t is not null)) view = Aten.Index.Call(view, Argument.Optional([.. gathered]));
            return view.MoveToOuterDisposeScope();
        }
    }
}
