using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A source of pseudo-random numbers on the CPU.</summary>
    public class Generator : IDisposable
    {
        private nint _handle;

        public Generator(ulong seed = 0, Device? device = null)
        {
            if (device is not null && device.type != DeviceType.CPU)
                throw new NotSupportedException($"Generators live on the CPU; found device {device}.");
            _handle = NativeMethods.ft_generator_new(seed);
        }

        private Generator(nint handle) => _handle = handle;

        ~Generator() => Dispose(false);

        public static Generator Default => new(NativeMethods.ft_generator_default());

        public IntPtr Handle => _handle;

        public Generator manual_seed(long seed)
        {
            NativeMethods.ft_generator_manual_seed(_handle, seed);
            return this;
        }

        public Tensor get_state() => new(NativeMethods.Check(NativeMethods.ft_generator_state(_handle)));

        public void set_state(Tensor value) => NativeMethods.Check(NativeMethods.ft_generator_set_state(_handle, value.Handle));

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            if (_handle != 0) NativeMethods.ft_generator_delete(_handle);
            _handle = 0;
        }
    }

    /// <summary>Seeds the default generators of all devices.</summary>
    public static Generator manual_seed(long seed)
    {
        NativeMethods.Check(NativeMethods.ft_manual_seed(seed));
        return Generator.Default;
    }

    public static Tensor get_rng_state()
    {
        using var generator = Generator.Default;
        return generator.get_state();
    }

    public static void set_rng_state(Tensor new_state)
    {
        using var generator = Generator.Default;
        generator.set_state(new_state);
    }
}
