using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Compat.Tests.TorchSharp;

[TestClass]
public class RandomTests
{
    [TestMethod]
    public void The_same_seed_gives_the_same_numbers()
    {
        manual_seed(7);
        var first = randn(5);
        var second = randn(5);
        manual_seed(7);
        Assert.IsTrue(first.allclose(randn(5)));
        Assert.IsFalse(first.allclose(second));
    }

    [TestMethod]
    public void A_state_is_taken_and_restored()
    {
        var state = get_rng_state();
        var first = rand(5);
        set_rng_state(state);
        Assert.IsTrue(first.allclose(rand(5)));
    }

    [TestMethod]
    public void Generators_are_independent_of_the_default()
    {
        using var generator = new Generator(11);
        var state = generator.get_state();
        var first = rand([5], generator: generator);
        manual_seed(0);
        generator.set_state(state);
        Assert.IsTrue(first.allclose(rand([5], generator: generator)));
        generator.manual_seed(11);
        Assert.IsTrue(first.allclose(zeros(5).uniform_(0, 1, generator)));
    }

    [TestMethod]
    public void Numbers_have_the_distribution_asked_for()
    {
        manual_seed(2);
        var uniform = rand(100, 100);
        Assert.AreEqual(0.5, uniform.mean().ToDouble(), 0.02);
        Assert.IsTrue(uniform.ge(0).all().item<bool>() && uniform.lt(1).all().item<bool>());
        Assert.AreEqual(1.0, randn([100, 100], dtype: float64).std().ToDouble(), 0.03);
        var whole = randint(3, 6, [1000]);
        Assert.AreEqual(int64, whole.dtype);
        Assert.AreEqual((3, 5), (whole.min().ToInt32(), whole.max().ToInt32()));
        Assert.AreEqual(45, randperm(10).sum().ToInt32());
        Assert.AreEqual(3.0, empty(10_000).normal_(3, 0.1).mean().ToDouble(), 0.01);
    }

    [TestMethod]
    public void The_number_of_threads_is_set()
    {
        var before = get_num_threads();
        set_num_threads(1);
        Assert.AreEqual(1, get_num_threads());
        set_num_threads(before);
    }

    [TestMethod]
    public void Devices_have_names()
    {
        Assert.AreEqual(("cuda:1", DeviceType.CUDA, 1), (new Device("cuda:1").ToString(), new Device("cuda:1").type, new Device("cuda:1").index));
        Assert.AreEqual("cpu", device("cpu").ToString());
        Device named = "cuda";
        Assert.AreEqual(-1, named.index);
        if (!cuda.is_available()) Assert.Throws<Exception>(() => device("cuda"));
    }
}
