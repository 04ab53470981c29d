using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Focus.Compat.Tests.TorchSharp;

[TestClass]
public class ModuleTests
{
    private sealed class Block : Module<Tensor, Tensor>
    {
        private readonly Linear linear;
        [ComponentName(Name = "scale")] private readonly Parameter _scale = new(ones(1));
        private readonly Tensor offset = zeros(1);

        public Block(long width) : base(nameof(Block))
        {
            linear = Linear(width, width);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => linear.forward(input) * _scale + offset;
    }

    private sealed class Network : Module<Tensor, Tensor, Tensor>
    {
        private readonly ModuleList<Block> blocks = new(new Block(2), new Block(2));

        public Network() : base(nameof(Network)) => RegisterComponents();

        public override Tensor forward(Tensor input1, Tensor input2) => blocks.Aggregate(input1 + input2, (x, block) => block.call(x));
    }

    private static readonly string[] Names =
    [
        "blocks.0.scale", "blocks.0.linear.weight", "blocks.0.linear.bias",
        "blocks.1.scale", "blocks.1.linear.weight", "blocks.1.linear.bias",
    ];

    [TestMethod]
    public void Fields_are_registered_under_their_names()
    {
        using var network = new Network();
        CollectionAssert.AreEquivalent(Names, network.named_parameters().Select(p => p.name).ToArray());
        Assert.HasCount(0, network.parameters(recurse: false).ToArray());
        CollectionAssert.AreEqual(new[] { "blocks.0.offset", "blocks.1.offset" }, network.named_buffers().Select(b => b.name).ToArray());
        CollectionAssert.AreEqual(new[] { "blocks" }, network.named_children().Select(c => c.name).ToArray());
        CollectionAssert.AreEqual(
            new[] { "blocks", "blocks.0", "blocks.1", "blocks.0.linear", "blocks.1.linear" }, network.named_modules().Select(m => m.name).ToArray());
        Assert.HasCount(5, network.modules().ToArray());
        Assert.AreEqual(1, network.children().Count());
        Assert.AreEqual("Network", network.GetName());
        AssertTensor.HasShape([3, 2], network.call(ones(3, 2), ones(3, 2)));
    }

    [TestMethod]
    public void States_are_copied_into_another_module()
    {
        using Network source = new(), target = new();
        CollectionAssert.AreEquivalent(Names.Append("blocks.0.offset").Append("blocks.1.offset").ToArray(), source.state_dict().Keys);
        var (missing, unexpected) = target.load_state_dict(source.state_dict());
        Assert.HasCount(0, missing);
        Assert.HasCount(0, unexpected);
        foreach (var (ours, theirs) in source.parameters().Zip(target.parameters()))
        {
            Assert.IsTrue(ours.allclose(theirs));
            Assert.AreNotEqual(ours.Handle, theirs.Handle);
        }
    }

    [TestMethod]
    public void States_that_do_not_fit_are_refused_unless_asked()
    {
        using var network = new Network();
        var state = network.state_dict();
        state.Remove("blocks.0.scale");
        state.Add("other", ones(1));
        Assert.ThrowsExactly<InvalidOperationException>(() => network.load_state_dict(state));
        var (missing, unexpected) = network.load_state_dict(state, strict: false);
        CollectionAssert.AreEqual(new[] { "blocks.0.scale" }, missing.ToArray());
        CollectionAssert.AreEqual(new[] { "other" }, unexpected.ToArray());
    }

    [TestMethod]
    public void A_tied_parameter_is_listed_once()
    {
        using var first = Linear(2, 2, hasBias: false);
        using var second = Linear(2, 2, hasBias: false);
        second.weight = first.parameters().Single();
        using var both = Sequential(first, second);
        Assert.HasCount(1, both.parameters().ToArray());
    }

    [TestMethod]
    public void Names_must_be_new_and_without_dots()
    {
        using var network = new Network();
        using var extra = Linear(1, 1);
        network.register_module("extra", extra);
        Assert.ThrowsExactly<InvalidOperationException>(() => network.register_module("extra", extra));
        Assert.ThrowsExactly<ArgumentException>(() => network.register_module("a.b", extra));
        network.register_parameter("p", new Parameter(ones(1)));
        Assert.ThrowsExactly<InvalidOperationException>(() => network.register_parameter("p", new Parameter(ones(1))));
        network.register_buffer("b", ones(1));
        Assert.ThrowsExactly<InvalidOperationException>(() => network.register_buffer("b", ones(1)));
        network.register_buffer("hidden", ones(1), persistent: false);
        Assert.IsFalse(network.state_dict().ContainsKey("hidden"));
    }

    [TestMethod]
    public void Training_and_evaluation_reach_all_modules()
    {
        using var network = new Network();
        Assert.IsTrue(network.training);
        network.eval();
        Assert.IsTrue(network.modules().All(m => !m.training));
        network.train();
        Assert.IsTrue(network.modules().All(m => m.training));
        var seen = 0;
        network.apply(_ => seen++);
        Assert.AreEqual(6, seen);
    }

    [TestMethod]
    public void Gradients_are_zeroed_or_removed()
    {
        using var linear = Linear(2, 1);
        linear.forward(ones(1, 2)).sum().backward();
        linear.zero_grad(set_to_none: false);
        Assert.IsTrue(linear.parameters().All(p => p.grad!.eq(0).all().item<bool>()));
        linear.zero_grad();
        Assert.IsTrue(linear.parameters().All(p => p.grad is null));
    }

    [TestMethod]
    public void A_module_takes_another_type_with_its_fields_and_gradients()
    {
        using var network = new Network();
        network.call(ones(3, 2), ones(3, 2)).sum().backward();
        network.to(float64).to(CPU);
        Assert.IsTrue(network.parameters().All(p => p.dtype == float64 && p.grad!.dtype == float64 && p.requires_grad));
        Assert.IsTrue(network.buffers().All(b => b.dtype == float64));
        Assert.AreEqual(float64, network.call(ones([3, 2], dtype: float64), ones([3, 2], dtype: float64)).dtype);
        Assert.ThrowsExactly<ArgumentException>(() => network.to(int64));
        using var norm = BatchNorm1d(2, dtype: float64);
        Assert.AreEqual(int64, norm.num_batches_tracked!.dtype);
    }

    [TestMethod]
    public void Disposing_a_module_disposes_what_is_in_it()
    {
        var network = new Network();
        var tensors = network.parameters().Concat(network.buffers()).ToArray();
        network.Dispose();
        Assert.IsTrue(tensors.All(t => t.IsInvalid));
    }
}
