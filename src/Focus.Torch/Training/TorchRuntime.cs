using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Focus;

/// <summary>Prepares the process for libtorch: see <see cref="Initialize"/>.</summary>
public static partial class TorchRuntime
{
    private const int TrimThreshold = -1, MemoryMapThreshold = -3; // glibc's M_TRIM_THRESHOLD and M_MMAP_THRESHOLD

    private static int _initialized;

    /// <summary>Chooses settings that libtorch depends on, and makes TorchSharp load on older Linux systems.</summary>
    /// <remarks>
    /// <para>Programs need not call it: it runs when this library is first used and, in C# projects that reference the package, before
    /// anything else. Programs in other languages call it before their first use of TorchSharp. It does nothing but on Linux.</para>
    /// <para><b>Memory.</b> Each training step frees what the next one allocates again. glibc returns large blocks to the kernel in
    /// between, which clears their pages anew: 30 % of the time of a step of GPT-2 small on the program's main thread, 15 % on others. Here
    /// the process keeps up to 2 GiB of freed memory for its next allocations; training runs return it when they end.
    /// <c>MALLOC_MMAP_THRESHOLD_</c>, <c>MALLOC_TRIM_THRESHOLD_</c> and <c>GLIBC_TUNABLES</c> take precedence.</para>
    /// <para><b>Threads.</b> OpenMP's threads, which wait for their next task, spin for tens of microseconds instead of milliseconds, since
    /// they otherwise keep .NET's threads and other processes from the cores. <c>GOMP_SPINCOUNT</c> and <c>OMP_WAIT_POLICY</c> take
    /// precedence.</para>
    /// </remarks>
    public static void Initialize()
    {
        if (Interlocked.Exchange(ref _initialized, 1) != 0 || !OperatingSystem.IsLinux()) return;
        if (!IsSet("OMP_WAIT_POLICY")) SetNativeVariable("GOMP_SPINCOUNT", "10000", overwrite: 0);
        if (!IsSet("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")) KeepFreedMemory();
        OlderLinux.HelpTorchSharpLoad();
    }

    /// <summary>Returns memory that is not in use to the system, as at the end of a training run.</summary>
    internal static void ReturnFreedMemory()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            TrimHeap(keep: 0);
        }
        catch (EntryPointNotFoundException)
        {
            // A C library other than glibc.
        }
    }

#pragma warning disable CA2255 // A module initializer in a library: the settings must precede libtorch, whichever type is used first.
    [ModuleInitializer]
    internal static void InitializeModule() => Initialize();
#pragma warning restore CA2255

    private static void KeepFreedMemory()
    {
        try
        {
            SetAllocatorOption(MemoryMapThreshold, 1 << 30);
            SetAllocatorOption(TrimThreshold, int.MaxValue);
        }
        catch (EntryPointNotFoundException)
        {
            // A C library other than glibc.
        }
    }

    private static bool IsSet(params string[] names) => names.Any(name => Environment.GetEnvironmentVariable(name) is not null);

    /// <summary>Unlike <see cref="Environment.SetEnvironmentVariable(string, string)"/> this reaches <c>getenv</c> in native code.</summary>
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetNativeVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetAllocatorOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint keep);
}
