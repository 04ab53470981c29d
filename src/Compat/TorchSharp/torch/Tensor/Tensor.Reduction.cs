using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor sum(ScalarType? type = null) => Aten.Sum.Call(this, type);
        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);
        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => Aten.SumDims.Call(this, dim, keepdim, type);

        public Tensor mean() => Aten.Mean.Call(this);
        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) =>
            Aten.MeanDims.Call(this, dimensions, keepdim, type);

        public Tensor var(bool unbiased = true) => Aten.Var.Call(this, unbiased);
        public Tensor std(bool unbiased = true) => Aten.Std.Call(this, unbiased);

        public Tensor max() => Aten.Max.Call(this);
        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) => Aten.MaxDim.CallPair(this, dim, keepdim);
        public Tensor min() => Aten.Min.Call(this);
        public Tensor argmax() => Aten.Argmax.Call(this);
        public Tensor argmax(long dim, bool keepdim = false) => Aten.Argmax.Call(this, dim, keepdim);

        public Tensor norm(float p = 2.0f) => Aten.Norm.Call(this, (double)p);
    }
}
