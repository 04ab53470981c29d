using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static Tensor rand(
        long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null,
        string[]? names = null) =>
        CreateRandom(Aten.Rand, size, dtype, device, requires_grad, generator, names);
    public static Tensor rand(
        long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null,
        string[]? names = null) =>
        CreateRandom(Aten.Rand, [size], dtype, device, requires_grad, generator, names);
    public static Tensor rand(
        long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null,
        string[]? names = null) =>
        CreateRandom(Aten.Rand, [rows, columns], dtype, device, requires_grad, generator, names);

    public static Tensor randn(
        long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null,
        string[]? names = null) =>
        CreateRandom(Aten.Randn, size, dtype, device, requires_grad, generator, names);
    public static Tensor randn(
        long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null,
        string[]? names = null) =>
        CreateRandom(Aten.Randn, [size], dtype, device, requires_grad, generator, names);

    public static Tensor randint(
        long low, long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null, string[]? names = null)
    {
        RefuseNames(names);
        return Finished(Aten.Randint.Call(low, high, size, generator, dtype ?? ScalarType.Int64, Layout, Initialized(device ?? CPU)), requires_grad);
    }

    public static Tensor randperm(
        long n, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        Finished(Aten.Randperm.Call(n, generator, dtype ?? ScalarType.Int64, Layout, Initialized(device ?? CPU)), requires_grad);

    private static Tensor CreateRandom(
        Operator op, long[] size, ScalarType? dtype, Device? device, bool requiresGrad, Generator? generator, string[]? names)
    {
        RefuseNames(names);
        return Finished(op.Call(size, generator, dtype ?? DefaultType, Layout, Initialized(device ?? CPU)), requiresGrad);
    }
}
