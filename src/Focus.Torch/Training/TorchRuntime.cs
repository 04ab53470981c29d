using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Focus;

/// <summary>Prepares the process for libtorch: see <see cref="Initialize"/>.</summary>
public static partial class TorchRuntime
{
    private static int _initialized;

    /// <summary>Chooses settings that libtorch reads while it loads, and makes TorchSharp load on older Linux systems.</summary>
    /// <remarks>
    /// <para>Programs need not call it: it runs when this library is first used and, in C# projects that reference the package, before
    /// anything else. Programs in other languages call it before their first use of TorchSharp.</para>
    /// <para>On Linux, threads of OpenMP that wait for their next task spin for tens of microseconds instead of milliseconds
    /// (<c>GOMP_SPINCOUNT</c>), unless <c>GOMP_SPINCOUNT</c> or <c>OMP_WAIT_POLICY</c> is set. Waiting threads otherwise keep .NET's
    /// threads, or another process, from the cores.</para>
    /// </remarks>
    public static void Initialize()
    {
        if (Interlocked.Exchange(ref _initialized, 1) != 0 || !OperatingSystem.IsLinux()) return;
        if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null) SetNativeVariable("GOMP_SPINCOUNT", "10000", overwrite: 0);
        OlderLinux.HelpTorchSharpLoad();
    }

#pragma warning disable CA2255 // A module initializer in a library: the settings must precede libtorch, whichever type is used first.
    [ModuleInitializer]
    internal static void InitializeModule() => Initialize();
#pragma warning restore CA2255

    /// <summary>Unlike <see cref="Environment.SetEnvironmentVariable(string, string)"/> this reaches <c>getenv</c> in native code.</summary>
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetNativeVariable(string name, string value, int overwrite);
}
