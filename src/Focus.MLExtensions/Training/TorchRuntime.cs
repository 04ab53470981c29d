using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Prepares the process for libtorch: see <see cref="Initialize"/>.</summary>
public static partial class TorchRuntime
{
    private const int TrimThreshold = -1, MemoryMapThreshold = -3; // glibc's M_TRIM_THRESHOLD and M_MMAP_THRESHOLD

    private static int _initialized;

    /// <summary>Chooses settings that libtorch depends on, and makes TorchSharp load on older Linux systems.</summary>
    /// <remarks>
    /// <para>Programs need not call it: it runs when this library is first used and, in C# projects that reference the package, before
    /// anything else. Programs in other languages call it before their first use of TorchSharp. It does nothing on other systems than Linux.</para>
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

/// <summary>How many threads a training step takes, for the whole process.</summary>
public static class TorchThreads
{
    /// <summary>Keeps every step on the thread that takes it, so that several threads can each train a model of their own at once.</summary>
    /// <remarks>Small batches then train the most models in a given time, as cores need not wait for each other, and a training gives the
    /// same bits whatever else runs. Call it before the first training of the process: threads that have used torch before keep theirs.</remarks>
    public static void UseOne() => set_num_threads(1);
}

/// <summary>Keeps small work on the thread that does it until it is disposed of: waking and awaiting others would take longer than the work, and
/// milliseconds at each of its many operations where other programs have the cores.</summary>
internal readonly struct SmallWork : IDisposable
{
    /// <summary>Fewer multiplications than this take a core about a millisecond.</summary>
    private const long LeastShared = 1 << 22;

    private readonly int threads;

    /// <param name="multiplications">How many a pass through the network takes.</param>
    public SmallWork(long multiplications)
    {
        if (multiplications >= LeastShared) return;
        threads = get_num_threads();
        if (threads > 1) set_num_threads(1);
    }

    public void Dispose()
    {
        if (threads > 1) set_num_threads(threads);
    }
}

/// <summary>Devices by name.</summary>
internal static class TorchDevice
{
    /// <summary>The device of a name such as <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
    public static Device Require(string device, [CallerArgumentExpression(nameof(device))] string name = "")
    {
        var (type, index) = Parse(device) ?? throw new ArgumentException($"{name} is '{device}'; expected 'cpu', 'cuda' or 'cuda:N'.", name);
        if (type == DeviceType.CPU) return CPU;
        var count = cuda.is_available() ? cuda.device_count() : 0;
        if (index >= count)
            throw new ArgumentException($"{name} is '{device}', but torch finds {count} CUDA devices; take 'cpu', or install a CUDA build of libtorch.", name);
        return new Device(DeviceType.CUDA, index);
    }

    private static (DeviceType Type, int Index)? Parse(string device) => device switch
    {
        "cpu" => (DeviceType.CPU, -1),
        "cuda" => (DeviceType.CUDA, 0),
        not null when device.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index) => (DeviceType.CUDA, index),
        _ => null,
    };
}

/// <summary>Numbers for torch's operations, which outlive the operations.</summary>
/// <remarks>
/// TorchSharp does not keep a <see cref="Scalar"/> alive while native code reads it. One that is made on the spot, as by <c>x * 0.5</c> and
/// even by <c>x + y</c> (which adds 1·y), may be finalized in the middle of the operation; this then fails ("expected false to be true",
/// "empty handle") or computes with freed memory. In a training run of many small steps that is a matter of minutes. So the library's code
/// hands over numbers from here only.
/// </remarks>
internal static class LiveScalar
{
    /// <summary>How many of a thread's numbers stay alive, where no operation takes more than a few.</summary>
    private const int Kept = 64;

    [ThreadStatic]
    private static Scalar?[]? _recent;

    [ThreadStatic]
    private static int _next;

    public static readonly Scalar One = 1;

    public static readonly Scalar Zero = 0;

    public static readonly Scalar MinusOne = -1;

    /// <summary>A number for the thread's next operation.</summary>
    public static Scalar Of(double value)
    {
        var recent = _recent ??= new Scalar?[Kept];
        recent[_next]?.Dispose();
        Scalar scalar = value;
        recent[_next] = scalar;
        _next = (_next + 1) % Kept;
        return scalar;
    }
}
