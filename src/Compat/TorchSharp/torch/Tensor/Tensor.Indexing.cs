using System.Runtime.CompilerServices;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        [IndexerName("TensorItems")]
        public Tensor this[params TensorIndex[] indices] => TensorIndex.Apply(this, indices);

        [IndexerName("TensorItems")]
        public Tensor this[long i1] => select(0, i1);
    }
}
