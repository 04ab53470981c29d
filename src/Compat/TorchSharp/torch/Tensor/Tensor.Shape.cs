using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor view(params long[] shape) => Aten.View.Call(this, shape);

        public Tensor reshape(params long[] shape) => Aten.Reshape.Call(this, shape);

        public Tensor unsqueeze(long dim) => Aten.Unsqueeze.Call(this, dim);

        public Tensor squeeze(long? dim = null) => dim is { } one ? Aten.SqueezeDim.Call(this, one) : Aten.Squeeze.Call(this);

        public Tensor transpose(long dim0, long dim1) => Aten.Transpose.Call(this, dim0, dim1);

        public Tensor t() => Aten.T.Call(this);

        public Tensor permute(params long[] permutation) => Aten.Permute.Call(this, permutation);

        public Tensor expand(params long[] sizes) => Aten.Expand.Call(this, sizes);

        public Tensor narrow(long dim, long start, long length) => Aten.Narrow.Call(this, dim, start, length);

        public Tensor slice(long dim, long start, long finish, long step) => Aten.Slice.Call(this, dim, start, finish, step);

        public Tensor select(long dim, long index) => Aten.Select.Call(this, dim, index);

        public Tensor index_select(long dim, Tensor index) => Aten.IndexSelect.Call(this, dim, index);

        public Tensor gather(long dim, Tensor index) => Aten.Gather.Call(this, dim, index);

        public Tensor[] split(long size, int dim = 0) => Aten.Split.CallList(this, size, dim);

        public Tensor tril(long diagonal = 0) => Aten.Tril.Call(this, diagonal);

        public Tensor masked_fill(Tensor mask, Scalar value) => Aten.MaskedFill.Call(this, mask, value);

        public Tensor where(Tensor condition, Tensor y) => Aten.Where.Call(condition, this, y);
    }
}
