using System.Globalization;
using System.Text.RegularExpressions;

namespace Focus;

/// <summary>The Python dictionary at the head of a .npy file.</summary>
internal static partial class NpyHeader
{
    /// <summary>Shape and type, or null for anything but float64 and float32 in C order and little-endian bytes.</summary>
    public static (int[] Shape, bool IsDouble)? Parse(string header)
    {
        var type = Type().Match(header);
        var shape = Shape().Match(header);
        if (!type.Success || !shape.Success || !COrder().IsMatch(header)) return null;
        var lengths = shape.Groups[1].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var axes = new int[lengths.Length];
        for (var i = 0; i < axes.Length; i++)
            if (!int.TryParse(lengths[i], NumberStyles.None, CultureInfo.InvariantCulture, out axes[i])) return null;
        return (axes, type.Groups[1].Value == "8");
    }

    [GeneratedRegex(@"'descr':\s*'<f([48])'")]
    private static partial Regex Type();

    [GeneratedRegex(@"'fortran_order':\s*False")]
    private static partial Regex COrder();

    [GeneratedRegex(@"'shape':\s*\(([^)]*)\)")]
    private static partial Regex Shape();
}
