using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>Models to write and read, and their comparison.</summary>
internal static class Gpt2Models
{
    /// <summary>A model none of whose parameters is 0 or 1.</summary>
    public static Gpt2 Random(Gpt2Config config)
    {
        var model = new Gpt2(config);
        using var generator = new Generator(7);
        using var _ = no_grad();
        foreach (var parameter in model.parameters()) parameter.normal_(0, 1, generator);
        return model;
    }

    /// <summary>Asserts that a model has the parameters of another, rounded to a type; those that the other lacks must be zero.</summary>
    public static void AssertEqual(Gpt2 expected, Gpt2 actual, ScalarType rounded = ScalarType.Float32)
    {
        var parameters = expected.state_dict();
        foreach (var (name, tensor) in actual.state_dict())
        {
            Assert.AreEqual(ScalarType.Float32, tensor.dtype, name);
            if (parameters.Remove(name, out var original)) Assert.IsTrue(tensor.eq(original.to(rounded).to(ScalarType.Float32)).all().ToBoolean(), name);
            else Assert.IsTrue(name.EndsWith(".bias", StringComparison.Ordinal) && tensor.eq(0).all().ToBoolean(), name);
        }
        Assert.AreEqual(0, parameters.Count, string.Join(", ", parameters.Keys));
    }
}
