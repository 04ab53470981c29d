using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>How a quotient is rounded.</summary>
    public enum RoundingMode
    {
        None,
        trunc,
        floor,
    }

    private static string? Name(this RoundingMode mode) => mode switch
    {
        RoundingMode.trunc => "trunc",
        RoundingMode.floor => "floor",
        _ => null,
    };

    public partial class Tensor
    {
        public Tensor add(Tensor target) => Aten.Add.Call(this, target);
        public Tensor add(Scalar scalar) => Aten.AddScalar.Call(this, scalar);
        public Tensor add_(Tensor target) => InPlace(Aten.Add_, target);
        public Tensor add_(Tensor target, Scalar alpha) => InPlace(Aten.Add_, target, alpha);
        public Tensor add_(Scalar scalar) => InPlace(Aten.AddScalar_, scalar);

        public Tensor sub(Tensor target) => Aten.Sub.Call(this, target);
        public Tensor sub(Scalar target) => Aten.SubScalar.Call(this, target);
        public Tensor sub_(Tensor target) => InPlace(Aten.Sub_, target);
        public Tensor sub_(Scalar target) => InPlace(Aten.SubScalar_, target);

        public Tensor mul(Tensor target) => Aten.Mul.Call(this, target);
        public Tensor mul(Scalar target) => Aten.MulScalar.Call(this, target);
        public Tensor mul_(Tensor target) => InPlace(Aten.Mul_, target);
        public Tensor mul_(Scalar target) => InPlace(Aten.MulScalar_, target);

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => Aten.Div.Call(this, target, rounding_mode.Name());
        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => Aten.DivScalar.Call(this, target, rounding_mode.Name());
        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => InPlace(Aten.Div_, target, rounding_mode.Name());
        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => InPlace(Aten.DivScalar_, target, rounding_mode.Name());

        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => InPlace(Aten.Addcmul_, tensor1, tensor2, value);
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => InPlace(Aten.Addcdiv_, tensor1, tensor2, value);
        public Tensor lerp(Tensor end, Tensor weight) => Aten.Lerp.Call(this, end, weight);
        public Tensor lerp_(Tensor end, Tensor weight) => InPlace(Aten.Lerp_, end, weight);

        public Tensor pow(Scalar exponent) => Aten.PowScalar.Call(this, exponent);
        public Tensor pow(Tensor exponent) => Aten.PowTensor.Call(this, exponent);
        public Tensor square() => Aten.Square.Call(this);
        public Tensor sqrt() => Aten.Sqrt.Call(this);
        public Tensor rsqrt_() => InPlace(Aten.Rsqrt_);
        public Tensor sqrt_() => InPlace(Aten.Sqrt_);
        public Tensor reciprocal() => Aten.Reciprocal.Call(this);
        public Tensor neg() => Aten.Neg.Call(this);
        public Tensor abs() => Aten.Abs.Call(this);
        public Tensor sign() => Aten.Sign.Call(this);
        public Tensor sign_() => InPlace(Aten.Sign_);
        public Tensor exp() => Aten.Exp.Call(this);
        public Tensor log() => Aten.Log.Call(this);
        public Tensor tanh() => Aten.Tanh.Call(this);
        public Tensor clamp(Scalar? min = null, Scalar? max = null) => Aten.Clamp.Call(this, Argument.From(min), Argument.From(max));

        private Tensor InPlace(Operator op)
        {
            op.Run(this);
            return this;
        }

        private Tensor InPlace(Operator op, Argument argument)
        {
            op.Run(this, argument);
            return this;
        }

        private Tensor InPlace(Operator op, Argument first, Argument second)
        {
            op.Run(this, first, second);
            return this;
        }

        private Tensor InPlace(Operator op, Argument first, Argument second, Argument third)
        {
            op.Run(this, first, second, third);
            return this;
        }
    }
}
