using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Focus.Compat.Tests.TorchSharp;

[TestClass]
public class LayerTests
{
    private static void IsUniform(double bound, Tensor tensor)
    {
        var peak = tensor.abs().max().ToDouble();
        Assert.IsTrue(peak <= bound && peak > 0.9 * bound, $"{peak} is not just below {bound}");
        Assert.AreEqual(bound / Math.Sqrt(3), tensor.std().ToDouble(), 0.05 * bound);
    }

    [TestMethod]
    public void Linear_starts_uniform_within_one_over_the_root_of_its_inputs()
    {
        manual_seed(3);
        using var linear = Linear(400, 300);
        IsUniform(0.05, linear.weight!);
        IsUniform(0.05, linear.bias!);
        using var bare = Linear(4, 3, hasBias: false);
        Assert.IsNull(bare.bias);
    }

    [TestMethod]
    public void Linear_multiplies_by_the_transposed_weight_and_adds_the_bias()
    {
        using var linear = Linear(2, 1);
        linear.weight = new Parameter(tensor(new float[,] { { 2, 3 } }));
        linear.bias = new Parameter(tensor(new float[] { 1 }));
        AssertTensor.AreEqual([6], linear.forward(ones(1, 2)));
    }

    [TestMethod]
    public void A_layers_property_gives_a_new_object_for_the_same_tensor()
    {
        using var linear = Linear(2, 2);
        using (var weight = linear.weight!)
        using (no_grad()) weight.zero_();
        AssertTensor.AreEqual([0, 0, 0, 0], linear.parameters().First());
    }

    [TestMethod]
    public void Batch_norm_normalises_a_batch_and_tracks_its_statistics()
    {
        using var norm = BatchNorm1d(1);
        AssertTensor.AreEqual([1], norm.weight!);
        AssertTensor.AreEqual([0], norm.bias!);
        var x = tensor(new float[,] { { 1 }, { 3 } });
        AssertTensor.AreEqual([-1, 1], norm.forward(x), 1e-4f);
        AssertTensor.AreEqual([0.2f], norm.running_mean!);
        AssertTensor.AreEqual([0.9f + 0.1f * 2], norm.running_var!);
        Assert.AreEqual(1, norm.num_batches_tracked!.ToInt64());
        norm.eval();
        AssertTensor.AreEqual([0.8f / MathF.Sqrt(1.1f), 2.8f / MathF.Sqrt(1.1f)], norm.forward(x), 1e-4f);
        Assert.AreEqual(1, norm.num_batches_tracked!.ToInt64());
        norm.running_mean = ones(1);
        norm.running_var = ones(1);
        AssertTensor.AreEqual([0, 2], norm.forward(x), 1e-4f);
        Assert.ThrowsExactly<ArgumentException>(() => norm.forward(ones(2)));
    }

    [TestMethod]
    public void Batch_norm_without_statistics_uses_the_batch_in_evaluation_too()
    {
        using var norm = BatchNorm1d(1, affine: false, track_running_stats: false);
        norm.eval();
        Assert.IsNull(norm.running_mean);
        AssertTensor.AreEqual([-1, 1], norm.forward(tensor(new float[,] { { 1 }, { 3 } })), 1e-4f);
    }

    [TestMethod]
    public void An_embedding_looks_vectors_up()
    {
        using var embedding = Embedding(10, 4, padding_idx: 0);
        var found = embedding.forward(tensor(new long[] { 0, 7 }));
        AssertTensor.AreEqual([0, 0, 0, 0], found[0]);
        Assert.IsTrue(found[1].allclose(embedding.weight![7]));
    }

    [TestMethod]
    public void A_sequence_calls_its_modules_in_turn()
    {
        using var first = Linear(2, 3);
        using var sequence = Sequential(("first", first), ("activation", ReLU()), ("last", Dropout(0.5)));
        Assert.AreEqual(3, sequence.Count);
        CollectionAssert.AreEqual(new[] { "first.weight", "first.bias" }, sequence.named_parameters().Select(p => p.name).ToArray());
        sequence.eval();
        Assert.IsTrue(sequence.forward(ones(1, 2)).allclose(first.forward(ones(1, 2)).relu()));
        using var numbered = Sequential(Linear(1, 1), ReLU(inplace: true));
        CollectionAssert.AreEqual(new[] { "0.weight", "0.bias" }, numbered.named_parameters().Select(p => p.name).ToArray());
        numbered.forward(ones(1, 1)).sum().backward();
    }

    [TestMethod]
    public void Dropout_zeroes_and_scales_in_training()
    {
        manual_seed(1);
        var x = functional.dropout(ones(10_000), 0.25);
        Assert.AreEqual(0.75, x.gt(0).to(float32).mean().ToDouble(), 0.02);
        Assert.AreEqual(1.0, x.mean().ToDouble(), 0.03);
        AssertTensor.AreEqual([1, 1], functional.dropout(ones(2), 0.25, training: false));
    }

    [TestMethod]
    public void Cross_entropy_averages_over_the_targets_that_count()
    {
        var scores = tensor(new float[,] { { 0, MathF.Log(3) }, { 0, 0 }, { 9, 0 } });
        var classes = tensor(new long[] { 1, 0, -100 });
        var losses = new[] { -MathF.Log(0.75f), -MathF.Log(0.5f) };
        AssertTensor.AreEqual([losses.Average()], functional.cross_entropy(scores, classes).view(1));
        AssertTensor.AreEqual([losses.Sum()], functional.cross_entropy(scores, classes, reduction: Reduction.Sum).view(1));
        AssertTensor.AreEqual([losses[0], losses[1], 0], functional.cross_entropy(scores, classes, reduction: Reduction.None));
    }

    [TestMethod]
    public void Other_functions_match_their_definitions()
    {
        AssertTensor.AreEqual([2.5f], functional.mse_loss(tensor(new float[] { 1, 2 }), tensor(new float[] { 2, 4 })).view(1));
        AssertTensor.AreEqual([-1, 1], functional.layer_norm(tensor(new float[] { 1, 3 }), [2]), 1e-4f);
        AssertTensor.AreEqual([0, 0.8413447f], functional.gelu(tensor(new float[] { 0, 1 })));
        AssertTensor.AreEqual([0.5f, 0.5f], functional.softmax(zeros(2), 0));
        AssertTensor.AreEqual([-MathF.Log(2), -MathF.Log(2)], functional.log_softmax(zeros(2), 0));
        var x = tensor(new float[] { -1, 1 });
        AssertTensor.AreEqual([0, 1], functional.relu(x, inplace: true));
        AssertTensor.AreEqual([0, 1], x);
    }

    [TestMethod]
    public void Initialisers_fill_parameters()
    {
        manual_seed(5);
        using var p = new Parameter(empty(200, 300));
        AssertTensor.AreEqual([0], init.zeros_(p).abs().max().view(1));
        Assert.IsTrue(init.ones_(p).eq(1).all().item<bool>());
        Assert.IsTrue(init.constant_(p, 2.5).eq(2.5).all().item<bool>());
        IsUniform(0.5, init.uniform_(p, -0.5, 0.5));
        IsUniform(Math.Sqrt(6.0 / 300), init.kaiming_uniform_(p));
        IsUniform(Math.Sqrt(6.0 / 200), init.kaiming_uniform_(p, mode: init.FanInOut.FanOut, nonlinearity: init.NonlinearityType.ReLU));
        IsUniform(1 / Math.Sqrt(300), init.kaiming_uniform_(p, a: Math.Sqrt(5)));
        IsUniform(Math.Sqrt(3.0 / 300), init.kaiming_uniform_(p, nonlinearity: init.NonlinearityType.Linear));
        init.normal_(p, 1, 0.02);
        Assert.AreEqual(1.0, p.mean().ToDouble(), 0.001);
        Assert.AreEqual(0.02, p.std().ToDouble(), 0.001);
        Assert.IsTrue(p.requires_grad);
    }

    [TestMethod]
    public void Gradients_are_clipped_to_a_common_norm()
    {
        using Parameter a = new(ones(1)), b = new(ones(2)), none = new(ones(1));
        a.grad = tensor(new float[] { 3 });
        b.grad = tensor(new float[] { 0, -4 });
        Assert.AreEqual(5.0, utils.clip_grad_norm_([a, b, none], 10), 1e-5);
        AssertTensor.AreEqual([3], a.grad!);
        Assert.AreEqual(5.0, utils.clip_grad_norm_([a, b, none], 1), 1e-5);
        AssertTensor.AreEqual([0.6f], a.grad!, 1e-5f);
        AssertTensor.AreEqual([0, -0.8f], b.grad!, 1e-5f);
    }
}
