using static TorchSharp.torch;

namespace Focus;

/// <summary>An element type as safetensors files name it.</summary>
/// <param name="Name">Its name in a header.</param>
/// <param name="ScalarType">The same in torch.</param>
/// <param name="Size">Bytes of an element.</param>
internal sealed record SafetensorsType(string Name, ScalarType ScalarType, int Size)
{
    private static readonly SafetensorsType[] All =
    [
        new("F64", ScalarType.Float64, 8),
        new("F32", ScalarType.Float32, 4),
        new("F16", ScalarType.Float16, 2),
        new("BF16", ScalarType.BFloat16, 2),
        new("I64", ScalarType.Int64, 8),
        new("I32", ScalarType.Int32, 4),
        new("I16", ScalarType.Int16, 2),
        new("I8", ScalarType.Int8, 1),
        new("U8", ScalarType.Byte, 1),
        new("BOOL", ScalarType.Bool, 1),
    ];

    public bool IsFloatingPoint => ScalarType is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;

    public static string AllNames => string.Join(", ", All.Select(type => type.Name));

    public static SafetensorsType? Named(string? name) => Array.Find(All, type => type.Name == name);

    public static SafetensorsType? Of(ScalarType scalarType) => Array.Find(All, type => type.ScalarType == scalarType);
}
