using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    private const ScalarType DefaultType = ScalarType.Float32;

    public static Tensor zeros(
        ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Create(Aten.Zeros, size, dtype, device, requires_grad, names);
    public static Tensor zeros(
        long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Create(Aten.Zeros, size, dtype, device, requires_grad, names);
    public static Tensor zeros(
        long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Create(Aten.Zeros, [size], dtype, device, requires_grad, names);
    public static Tensor zeros(
        long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Create(Aten.Zeros, [rows, columns], dtype, device, requires_grad, names);

    public static Tensor ones(
        long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Create(Aten.Ones, size, dtype, device, requires_grad, names);
    public static Tensor ones(
        long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Create(Aten.Ones, [size], dtype, device, requires_grad, names);
    public static Tensor ones(
        long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Create(Aten.Ones, [rows, columns], dtype, device, requires_grad, names);

    public static Tensor empty(
        ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Create(Aten.Empty, size, dtype, device, requires_grad, names);
    public static Tensor empty(
        long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Create(Aten.Empty, size, dtype, device, requires_grad, names);
    public static Tensor empty(
        long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Create(Aten.Empty, [size], dtype, device, requires_grad, names);
    public static Tensor empty(
        long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Create(Aten.Empty, [rows, columns], dtype, device, requires_grad, names);

    public static Tensor full(
        long[] size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
    {
        RefuseNames(names);
        return Finished(Aten.Full.Call(size, value, dtype ?? TypeOf(value), Layout, device ?? CPU), requires_grad);
    }

    public static Tensor empty_like(
        Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        CreateLike(Aten.EmptyLike, input, dtype, device, requires_grad, names);
    public static Tensor zeros_like(
        Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        CreateLike(Aten.ZerosLike, input, dtype, device, requires_grad, names);
    public static Tensor ones_like(
        Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        CreateLike(Aten.OnesLike, input, dtype, device, requires_grad, names);

    public static Tensor arange(Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(0, stop, 1, dtype, device, requires_grad);
    public static Tensor arange(
        Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finished(Aten.Arange.Call(start, stop, step, dtype ?? ArangeType(start, stop, step), Layout, device ?? CPU), requires_grad);

    /// <summary>Strided is the default layout.</summary>
    private static Argument Layout => Argument.None;

    private static Tensor Create(Operator op, ReadOnlySpan<long> size, ScalarType? dtype, Device? device, bool requiresGrad, string[]? names)
    {
        RefuseNames(names);
        return Finished(op.Call(size.ToArray(), dtype ?? DefaultType, Layout, Initialized(device ?? CPU)), requiresGrad);
    }

    private static Tensor CreateLike(Operator op, Tensor input, ScalarType? dtype, Device? device, bool requiresGrad, string[]? names)
    {
        RefuseNames(names);
        return Finished(op.Call(input, dtype, Layout, device), requiresGrad);
    }

    private static Tensor Finished(Tensor tensor, bool requiresGrad) => requiresGrad ? tensor.requires_grad_() : tensor;

    private static void RefuseNames(string[]? names)
    {
        if (names is { Length: > 0 }) throw new NotSupportedException("Named dimensions are not supported here.");
    }

    private static ScalarType TypeOf(Scalar value) => value.Kind switch
    {
        ValueKind.Boolean => ScalarType.Bool,
        ValueKind.Integer => ScalarType.Int64,
        _ => DefaultType,
    };

    private static ScalarType ArangeType(Scalar start, Scalar stop, Scalar step) =>
        TypeOf(start) == ScalarType.Int64 && TypeOf(stop) == ScalarType.Int64 && TypeOf(step) == ScalarType.Int64 ? ScalarType.Int64 : DefaultType;
}
