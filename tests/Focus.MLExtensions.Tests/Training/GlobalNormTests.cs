using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public class GlobalNormTests
{
    [TestMethod]
    public void TheNormIsThatOfAllElementsTogether()
    {
        using var generator = new Generator(1);
        Tensor[] tensors =
        [
            randn([3, 5], generator: generator),
            randn(400_001, generator: generator),
            randn([40, 30], generator: generator).t(),
            randn(7, dtype: ScalarType.Float64, generator: generator),
            randn(9, generator: generator).to(ScalarType.Float16),
            zeros(0),
        ];
        var expected = Math.Sqrt(tensors.Sum(tensor => tensor.to(ScalarType.Float64).square().sum().ToDouble()));
        Assert.AreEqual(expected, GlobalNorm.Of(tensors), 1e-5 * expected);
    }

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void OneElementThatIsNotFiniteShows(float value)
    {
        foreach (var type in new[] { ScalarType.Float32, ScalarType.Float16 })
        {
            using var tensor = zeros(300_000, dtype: type);
            tensor.narrow(0, 123_456, 1).fill_(value);
            Assert.IsFalse(double.IsFinite(GlobalNorm.Of([tensor])));
        }
    }

    [TestMethod]
    public void NoTensorsHaveNorm0() => Assert.AreEqual(0, GlobalNorm.Of([]));
}
