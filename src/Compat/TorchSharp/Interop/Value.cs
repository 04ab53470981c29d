using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Mirrors the native enum Kind.</summary>
internal enum ValueKind { None, Tensor, Integer, Real, Boolean, Integers, Tensors, OptionalTensors, Text, Device, Generator }

/// <summary>Mirrors the native struct Value: an argument or a result of an operator.</summary>
[StructLayout(LayoutKind.Explicit)]
internal struct Value
{
    [FieldOffset(0)] public long Integer;
    [FieldOffset(0)] public double Real;
    [FieldOffset(0)] public nint Pointer;
    [FieldOffset(8)] public ValueKind Kind;
    [FieldOffset(12)] public int Count;
}
