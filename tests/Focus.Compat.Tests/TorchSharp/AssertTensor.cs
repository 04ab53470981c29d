using static TorchSharp.torch;

namespace Focus.Compat.Tests.TorchSharp;

internal static class AssertTensor
{
    public static void AreEqual(float[] expected, Tensor actual, float tolerance = 1e-6f)
    {
        var values = actual.to(float32).data<float>().ToArray();
        Assert.HasCount(expected.Length, values, $"elements of {actual}");
        for (var i = 0; i < values.Length; i++) Assert.AreEqual(expected[i], values[i], tolerance, $"element {i} of {actual}");
    }

    public static void HasShape(long[] expected, Tensor actual) => CollectionAssert.AreEqual(expected, actual.shape);
}
