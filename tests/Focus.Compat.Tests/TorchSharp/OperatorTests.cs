using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Compat.Tests.TorchSharp;

[TestClass]
public class OperatorTests
{
    private static Tensor A => tensor(new float[] { 1, -2, 3, 4 });
    private static Tensor B => tensor(new float[] { 2, 2, -1, 0.5f });

    [TestMethod]
    public void Arithmetic_follows_the_operands()
    {
        AssertTensor.AreEqual([3, 0, 2, 4.5f], A + B);
        AssertTensor.AreEqual([-1, -4, 4, 3.5f], A - B);
        AssertTensor.AreEqual([2, -4, -3, 2], A * B);
        AssertTensor.AreEqual([0.5f, -1, -3, 8], A / B);
        AssertTensor.AreEqual([-1, 2, -3, -4], -A);
        AssertTensor.AreEqual([2, -1, 2 / 3f, 0.5f], 2.0 / A);
        AssertTensor.AreEqual([1.5f, 1.5f, 0, 0.75f], (B + 1) / 2);
    }

    [TestMethod]
    public void Subtraction_from_a_number_keeps_the_order() => AssertTensor.AreEqual([2, 5, 0, -1], 3 - A);

    [TestMethod]
    public void In_place_operators_change_and_return_their_tensor()
    {
        using var x = A;
        Assert.AreSame(x, x.add_(B, 2));
        AssertTensor.AreEqual([5, 2, 1, 5], x);
        AssertTensor.AreEqual([4, 1, 0, 4], x.sub_(1));
        AssertTensor.AreEqual([2, 0.5f, 0, 2], x.mul_(0.5));
        AssertTensor.AreEqual([1, 0.25f, 0, 4], x.div_(B.abs()));
        AssertTensor.AreEqual([1, 0.5f, 0, 2], x.sqrt_());
        AssertTensor.AreEqual([1, 1, 0, 1], x.sign_());
        AssertTensor.AreEqual([7, 7, 7, 7], x.fill_(7));
        AssertTensor.AreEqual([0, 0, 0, 0], x.zero_());
    }

    [TestMethod]
    public void Fused_updates_match_their_definitions()
    {
        AssertTensor.AreEqual([2, -4, 1.5f, 5], A.addcmul_(B, tensor(new float[] { 1, -2, 3, 4 }), 0.5));
        AssertTensor.AreEqual([3, 0, 2, 4.5f], A.addcdiv_(B, ones(4), 1));
        AssertTensor.AreEqual([1.25f, -1, 2, 3.125f], A.lerp_(B, tensor(0.25f)));
        AssertTensor.AreEqual([1.25f, -1, 2, 3.125f], A.lerp(B, tensor(0.25f)));
    }

    [TestMethod]
    public void Division_rounds_as_asked()
    {
        var x = tensor(new float[] { 7, -7 });
        AssertTensor.AreEqual([3, -3], x.div(2, RoundingMode.trunc));
        AssertTensor.AreEqual([3, -4], x.div(2, RoundingMode.floor));
    }

    [TestMethod]
    public void Pointwise_functions()
    {
        var x = tensor(new float[] { 1, 4 });
        AssertTensor.AreEqual([1, 2], x.sqrt());
        AssertTensor.AreEqual([1, 16], x.pow(2));
        AssertTensor.AreEqual([1, 16], x.square());
        AssertTensor.AreEqual([2, 16], tensor(new float[] { 2, 2 }).pow(x));
        AssertTensor.AreEqual([MathF.E, MathF.Exp(4)], x.exp(), 1e-4f);
        AssertTensor.AreEqual([0, MathF.Log(4)], x.log());
        AssertTensor.AreEqual([MathF.Tanh(1), MathF.Tanh(4)], x.tanh());
        AssertTensor.AreEqual([1, 0.25f], x.reciprocal());
        AssertTensor.AreEqual([2, 3], x.clamp(2, 3));
        AssertTensor.AreEqual([1, 2], x.clamp(max: 2));
        AssertTensor.AreEqual([0, 3], tensor(new float[] { -3, 3 }).relu());
    }

    [TestMethod]
    public void Comparisons_give_truth_values()
    {
        Assert.AreEqual(ScalarType.Bool, A.gt(B).dtype);
        AssertTensor.AreEqual([0, 0, 1, 1], A.gt(B));
        AssertTensor.AreEqual([1, 1, 0, 0], A.lt(B));
        AssertTensor.AreEqual([1, 1, 0, 0], A.le(1));
        AssertTensor.AreEqual([1, 0, 1, 1], A.ge(1));
        AssertTensor.AreEqual([0, 1, 0, 0], A.eq(-2));
        AssertTensor.AreEqual([1, 0, 1, 1], A.ne(-2));
        Assert.IsTrue(A.allclose(A + 1e-7));
        Assert.IsFalse(A.allclose(B));
        Assert.IsTrue(A.ne(B).any().item<bool>());
        Assert.IsFalse(A.eq(1).all().item<bool>());
    }

    [TestMethod]
    public void Numbers_that_are_none_are_found()
    {
        var x = tensor(new[] { 1, float.NaN, float.PositiveInfinity });
        AssertTensor.AreEqual([0, 1, 0], x.isnan());
        AssertTensor.AreEqual([1, 0, 0], x.isfinite());
    }

    [TestMethod]
    public void Reductions()
    {
        var x = tensor(new float[,] { { 1, 2, 3 }, { 4, 5, 9 } });
        Assert.AreEqual(24, x.sum().ToSingle());
        AssertTensor.AreEqual([5, 7, 12], x.sum(0L));
        AssertTensor.HasShape([2, 1], x.sum([1L], keepdim: true));
        Assert.AreEqual(4.0, x.mean().ToDouble(), 1e-6);
        AssertTensor.AreEqual([2, 6], x.mean([1]));
        Assert.AreEqual(8.0, x.var().ToDouble(), 1e-5);
        Assert.AreEqual(Math.Sqrt(40 / 6.0), x.std(unbiased: false).ToDouble(), 1e-5);
        Assert.AreEqual(9, x.max().ToInt64());
        Assert.AreEqual(1, x.min().ToInt32());
        var (values, places) = x.max(1);
        AssertTensor.AreEqual([3, 9], values);
        AssertTensor.AreEqual([2, 2], places);
        Assert.AreEqual(5, x.argmax().ToInt64());
        AssertTensor.AreEqual([2, 2], x.argmax(1));
        Assert.AreEqual(Math.Sqrt(136), x.norm().ToDouble(), 1e-5);
    }

    [TestMethod]
    public void Matrix_products()
    {
        var a = tensor(new float[,] { { 1, 2 }, { 3, 4 } });
        var b = tensor(new float[,] { { 0, 1 }, { 1, 0 } });
        AssertTensor.AreEqual([2, 1, 4, 3], mm(a, b));
        AssertTensor.AreEqual([2, 1, 4, 3], matmul(a, b));
        AssertTensor.AreEqual([5, 3, 9, 7], addmm(ones(2, 2), a, b, beta: 1, alpha: 2));
    }

    [TestMethod]
    public void Softmax_and_its_logarithm()
    {
        var x = tensor(new float[,] { { 0, MathF.Log(3) } });
        AssertTensor.AreEqual([0.25f, 0.75f], x.softmax(1));
        AssertTensor.AreEqual([MathF.Log(0.25f), MathF.Log(0.75f)], x.log_softmax(1));
    }

    [TestMethod]
    public void An_error_of_libtorch_says_what_was_wrong()
    {
        var error = Assert.ThrowsExactly<System.Runtime.InteropServices.ExternalException>(() => zeros(2, 3).mm(zeros(2, 3)));
        StringAssert.Contains(error.Message, "2x3");
    }
}
