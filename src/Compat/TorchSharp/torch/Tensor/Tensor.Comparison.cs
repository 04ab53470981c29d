using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor eq(Tensor target) => Aten.Eq.Call(this, target);
        public Tensor eq(Scalar target) => Aten.EqScalar.Call(this, target);
        public Tensor ne(Tensor target) => Aten.Ne.Call(this, target);
        public Tensor ne(Scalar target) => Aten.NeScalar.Call(this, target);
        public Tensor lt(Tensor target) => Aten.Lt.Call(this, target);
        public Tensor lt(Scalar target) => Aten.LtScalar.Call(this, target);
        public Tensor le(Tensor target) => Aten.Le.Call(this, target);
        public Tensor le(Scalar target) => Aten.LeScalar.Call(this, target);
        public Tensor gt(Tensor target) => Aten.Gt.Call(this, target);
        public Tensor gt(Scalar target) => Aten.GtScalar.Call(this, target);
        public Tensor ge(Tensor target) => Aten.Ge.Call(this, target);
        public Tensor ge(Scalar target) => Aten.GeScalar.Call(this, target);
        public Tensor isnan() => Aten.Isnan.Call(this);
        public Tensor isfinite() => Aten.Isfinite.Call(this);
        public Tensor any() => Aten.Any.Call(this);
        public Tensor all() => Aten.All.Call(this);

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            Aten.Allclose.CallValue(this, target, rtol, atol, equal_nan).Integer != 0;
    }
}
