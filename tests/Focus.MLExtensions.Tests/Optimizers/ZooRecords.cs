using System.Text.Json;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>The random numbers, and what LAPACK chose, that the published code's run had.</summary>
internal static class ZooRecords
{
    /// <summary>Options with what the case recorded, where the trajectory depends on it.</summary>
    public static OptimizerSettings Recorded(this OptimizerSettings options, ZooFile file, ZooCase golden)
    {
        var names = file.Initial(ScalarType.Float32).Keys.ToArray();
        return options switch
        {
            ApolloOptions apollo => apollo with { Projections = (parameter, step) => Projection(golden, names[parameter], step) },
            SoapOptions soap when !golden.Name.StartsWith("one-sided", StringComparison.Ordinal) => soap with
            {
                Bases = (parameter, step, isLeft) => Basis(golden, names[parameter], step, isLeft),
            },
            _ => options,
        };
    }

    private static Tensor Projection(ZooCase golden, string parameter, long step)
    {
        var matrix = golden.Auxiliary!.Value.GetProperty("projections").EnumerateArray().Single(item => item.GetProperty("first_used_at_step").GetInt64() == step)
            .GetProperty("matrices").GetProperty(parameter);
        return ZooFile.Numbers(matrix.GetProperty("values")).to(ScalarType.Float32).reshape([1, .. matrix.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64())]);
    }

    /// <summary>The basis of a side; null where all its vectors are determined.</summary>
    private static (Tensor Basis, Tensor? Order)? Basis(ZooCase golden, string parameter, long step, bool isLeft)
    {
        if (parameter == "w3" && golden.Name.StartsWith("default-like", StringComparison.Ordinal)) return null;
        var entry = golden.Auxiliary!.Value.GetProperty("eigenbases").EnumerateArray().Single(item => item.GetProperty("after_step").GetInt64() == step);
        var basis = ZooFile.Numbers(Side(entry.GetProperty("Q"))).to(golden.IsSingle ? ScalarType.Float32 : ScalarType.Float64);
        var length = (long)Math.Sqrt(basis.numel());
        return (basis.reshape(length, length), entry.TryGetProperty("sort_index", out var orders) ? ZooFile.Numbers(Side(orders)).to(ScalarType.Int64) : null);

        JsonElement Side(JsonElement of)
        {
            var sides = of.GetProperty(parameter);
            return sides[isLeft ? 0 : sides.GetArrayLength() - 1];
        }
    }
}
