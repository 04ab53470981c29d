namespace TorchSharp.Interop;

/// <summary>An ATen operator, named as in PyTorch's native_functions.yaml and looked up when first called.</summary>
internal sealed unsafe class Operator(string name, string overload = "")
{
    private const int StackWords = 128;

    private nint _handle;

    /// <summary>For operators that return one tensor.</summary>
    public torch.Tensor Call(params ReadOnlySpan<Argument> arguments)
    {
        Value result;
        Invoke(arguments, &result, 1);
        return new torch.Tensor(result.Pointer);
    }

    /// <summary>For operators whose result is their first argument, or is not wanted.</summary>
    public void Run(params ReadOnlySpan<Argument> arguments) => Invoke(arguments, null, 0);

    /// <summary>For operators that return two tensors.</summary>
    public (torch.Tensor, torch.Tensor) CallPair(params ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc Value[2];
        Invoke(arguments, results, 2);
        return (new torch.Tensor(results[0].Pointer), new torch.Tensor(results[1].Pointer));
    }

    /// <summary>For operators that return a list of tensors.</summary>
    public torch.Tensor[] CallList(params ReadOnlySpan<Argument> arguments)
    {
        Value result;
        Invoke(arguments, &result, 1);
        return Handles.Take(result.Pointer, result.Count)!;
    }

    /// <summary>For operators that return a number or a truth value.</summary>
    public Value CallValue(params ReadOnlySpan<Argument> arguments)
    {
        Value result;
        Invoke(arguments, &result, 1);
        return result;
    }

    private void Invoke(ReadOnlySpan<Argument> arguments, Value* results, int resultCount)
    {
        if (_handle == 0) _handle = NativeMethods.Check(NativeMethods.ft_operator(name, overload));

        var words = 0;
        foreach (ref readonly var argument in arguments) words += argument.ScratchLength;
        Span<long> scratch = words <= StackWords ? stackalloc long[words] : new long[words];
        var values = stackalloc Value[arguments.Length];
        int succeeded;
        fixed (long* start = scratch)
        {
            var next = start;
            for (var i = 0; i < arguments.Length; i++)
            {
                values[i] = arguments[i].Write(next);
                next += arguments[i].ScratchLength;
            }
            succeeded = NativeMethods.ft_call(_handle, values, arguments.Length, results, resultCount);
        }
        foreach (ref readonly var argument in arguments) GC.KeepAlive(argument.Owner);
        NativeMethods.Check(succeeded);
    }
}
