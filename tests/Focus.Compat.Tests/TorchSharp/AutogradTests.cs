using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Focus.Compat.Tests.TorchSharp;

[TestClass]
public class AutogradTests
{
    private static Tensor Leaf(params float[] values) => tensor(values, requires_grad: true);

    [TestMethod]
    public void Gradients_accumulate_in_leaves()
    {
        using var x = Leaf(1, 2);
        x.square().sum().backward();
        AssertTensor.AreEqual([2, 4], x.grad!);
        x.square().sum().backward();
        AssertTensor.AreEqual([4, 8], x.grad!);
        x.grad!.zero_();
        AssertTensor.AreEqual([0, 0], x.grad!);
        x.grad = null;
        Assert.IsNull(x.grad);
        x.grad = ones(2);
        AssertTensor.AreEqual([1, 1], x.grad!);
        Assert.IsTrue(x.is_leaf);
        Assert.IsFalse(x.square().is_leaf);
    }

    [TestMethod]
    public void Modes_switch_recording_off_and_on_again()
    {
        using var x = Leaf(1);
        Assert.IsTrue(is_grad_enabled());
        using (no_grad())
        {
            Assert.IsFalse(is_grad_enabled());
            Assert.IsFalse(x.square().requires_grad);
            using (enable_grad()) Assert.IsTrue(x.square().requires_grad);
        }
        using (inference_mode()) Assert.IsFalse(x.square().requires_grad);
        Assert.IsTrue(x.square().requires_grad);
        Assert.IsFalse(x.square().detach().requires_grad);
    }

    [TestMethod]
    public void Grad_gives_gradients_without_keeping_them()
    {
        using var x = Leaf(3);
        var first = autograd.grad([x.pow(3).sum()], [x], create_graph: true);
        AssertTensor.AreEqual([27], first[0]);
        AssertTensor.AreEqual([18], autograd.grad([first[0].sum()], [x])[0]);
        Assert.IsNull(x.grad);
        var weighted = autograd.grad([x * 2], [x], grad_outputs: [tensor(new float[] { 5 })]);
        AssertTensor.AreEqual([10], weighted[0]);
    }

    [TestMethod]
    public void Backward_of_what_has_no_gradient_is_an_error()
    {
        Assert.ThrowsExactly<ExternalException>(() => ones(1).sum().backward());
        Assert.ThrowsExactly<ExternalException>(() => tensor(new long[] { 1 }).requires_grad_());
    }

    [TestMethod]
    public void A_graph_is_freed_after_its_first_use_unless_retained()
    {
        using var x = Leaf(1);
        var y = x.square().sum();
        autograd.backward([y], retain_graph: true);
        y.backward();
        AssertTensor.AreEqual([4], x.grad!);
        Assert.ThrowsExactly<ExternalException>(() => y.backward());
    }

    /// <summary>x³ scaled by a number, with the gradient written by hand.</summary>
    private sealed class ScaledCube : autograd.SingleTensorFunction<ScaledCube>
    {
        public override string Name => nameof(ScaledCube);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            Assert.IsFalse(is_grad_enabled());
            var x = (Tensor)vars[0];
            ctx.save_for_backward([x]);
            ctx.save_data("scale", vars[1]);
            return x.pow(3) * (double)vars[1];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) =>
            [grad_output * ctx.get_saved_variables()[0].square() * 3 * (double)ctx.get_data("scale"), null!];
    }

    [TestMethod]
    public void A_function_of_ours_has_the_gradient_of_the_built_in()
    {
        var values = randn(5).data<float>().ToArray();
        using Tensor ours = Leaf(values), built_in = Leaf(values);
        (ScaledCube.apply(ours.tanh(), 2.0) * ours).sum().backward();
        (built_in.tanh().pow(3) * 2 * built_in).sum().backward();
        Assert.IsTrue(ours.grad!.allclose(built_in.grad!));
        Assert.IsFalse(ScaledCube.apply(ones(1), 2.0).requires_grad);
        using (no_grad()) Assert.IsFalse(ScaledCube.apply(ours, 2.0).requires_grad);
    }

    /// <summary>Sum and product of two tensors, of which the second output is often not used.</summary>
    private sealed class SumAndProduct : autograd.MultiTensorFunction<SumAndProduct>
    {
        public override string Name => nameof(SumAndProduct);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (a, b) = ((Tensor)vars[0], (Tensor)vars[2]);
            ctx.save_for_backward([a, null!, b]);
            ctx.set_materialize_grads(vars[1] is "zeros");
            return [a + b, a * b];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
        {
            var saved = ctx.get_saved_variables();
            Assert.IsNull(saved[1]);
            Assert.AreNotEqual(ctx.MaterializeGrads, grad_outputs[1].IsInvalid);
            var product = grad_outputs[1].IsInvalid ? zeros(1) : grad_outputs[1];
            return [grad_outputs[0] + product * saved[2], null!, grad_outputs[0] + product * saved[0]];
        }
    }

    [TestMethod]
    [DataRow("zeros")]
    [DataRow("none")]
    public void Outputs_that_were_not_used_have_zero_gradients_or_none(string unused)
    {
        using Tensor a = Leaf(2), b = Leaf(5);
        SumAndProduct.apply(a, unused, b)[0].sum().backward();
        AssertTensor.AreEqual([1], a.grad!);
        AssertTensor.AreEqual([1], b.grad!);
    }

    [TestMethod]
    public void Inputs_without_gradient_are_left_alone()
    {
        using Tensor a = Leaf(2), b = ones(1);
        var outputs = SumAndProduct.apply(a, "zeros", b);
        using (no_grad()) outputs[0].add_(0);
        outputs[0].sum().backward();
        Assert.IsNull(b.grad);
    }

    private sealed class Failing : autograd.SingleTensorFunction<Failing>
    {
        public override string Name => nameof(Failing);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).clone();

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) =>
            throw new InvalidOperationException("no way back");
    }

    [TestMethod]
    public void What_a_backward_pass_throws_reaches_the_caller()
    {
        using var x = Leaf(1);
        var error = Assert.ThrowsExactly<ExternalException>(() => Failing.apply(x).sum().backward());
        StringAssert.Contains(error.Message, "no way back");
    }

    /// <summary>Doubles a tensor in place.</summary>
    private sealed class DoubleInPlace : autograd.SingleTensorFunction<DoubleInPlace>
    {
        public override string Name => nameof(DoubleInPlace);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var x = ((Tensor)vars[0]).mul_(2);
            ctx.mark_dirty([x]);
            return x;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => [grad_output * 2];
    }

    [TestMethod]
    public void A_function_may_change_its_input()
    {
        using var x = Leaf(3);
        var y = x * 1;
        DoubleInPlace.apply(y);
        AssertTensor.AreEqual([6], y);
        y.sum().backward();
        AssertTensor.AreEqual([2], x.grad!);
    }

    /// <summary>A maximum and where it was found.</summary>
    private sealed class Maximum : autograd.MultiTensorFunction<Maximum>
    {
        public override string Name => nameof(Maximum);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (values, places) = ((Tensor)vars[0]).max(0);
            var chosen = values * 1;
            var position = places.to(float32);
            ctx.mark_non_differentiable([position]);
            return [chosen, position];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs) => [grad_outputs[0].expand(2)];
    }

    [TestMethod]
    public void Outputs_may_be_marked_as_without_gradient()
    {
        using var x = Leaf(1, 3);
        var outputs = Maximum.apply(x);
        Assert.IsTrue(outputs[0].requires_grad);
        Assert.IsFalse(outputs[1].requires_grad);
        outputs[0].backward();
        AssertTensor.AreEqual([1, 1], x.grad!);
    }

    [TestMethod]
    public void Graphs_of_functions_are_freed()
    {
        using var x = Leaf(1);
        var before = Tensor.TotalCount;
        for (var i = 0; i < 100; i++)
        {
            using var scope = NewDisposeScope();
            ScaledCube.apply(x, 1.0).sum().backward();
            x.grad = null;
        }
        Assert.AreEqual(before, Tensor.TotalCount, 20);
    }
}
