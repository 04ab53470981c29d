using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static bool is_grad_enabled() => NativeMethods.ft_grad_enabled() != 0;

    public static IDisposable no_grad() => new GradMode(false);

    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);

    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);

    private sealed class GradMode : IDisposable
    {
        private readonly int _before = NativeMethods.ft_grad_enabled();

        public GradMode(bool enabled) => NativeMethods.ft_set_grad_enabled(enabled ? 1 : 0);

        public void Dispose() => NativeMethods.ft_set_grad_enabled(_before);
    }

    private sealed class InferenceMode(bool enabled) : IDisposable
    {
        private nint _handle = NativeMethods.ft_inference_mode_enter(enabled ? 1 : 0);

        public void Dispose()
        {
            if (_handle != 0) NativeMethods.ft_inference_mode_leave(_handle);
            _handle = 0;
        }
    }
}
