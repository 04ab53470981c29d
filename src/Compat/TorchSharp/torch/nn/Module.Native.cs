using TorchSharp.Interop;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        // What TorchSharp's built-in modules keep natively: their properties give a new object for the same tensor each time.
        public partial class Module
        {
            internal Parameter? Own(string name) => _internal_params.TryGetValue(name, out var parameter) ? parameter : null;

            internal Tensor? OwnBuffer(string name) => _internal_buffers.TryGetValue(name, out var buffer) ? buffer.Item1 : null;

            internal Parameter? Shared(string name) => Own(name) is { } own ? new Parameter(NativeMethods.ft_tensor_share(own.Handle)) : null;

            internal Tensor? SharedBuffer(string name) => OwnBuffer(name)?.alias();

            internal void Replace(string name, Parameter? value)
            {
                ArgumentNullException.ThrowIfNull(value, name);
                _internal_params[name] = value;
            }

            internal void ReplaceBuffer(string name, Tensor? value)
            {
                ArgumentNullException.ThrowIfNull(value, name);
                _internal_buffers[name] = (value, true);
            }
        }
    }
}
