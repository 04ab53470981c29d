using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace TorchSharp.Interop;

/// <summary>Loads the native library once, with the environment that libtorch and OpenBLAS read while they load.</summary>
internal static partial class LibraryLoader
{
    /// <summary>Spins for some tens of microseconds, where libgomp's own default is milliseconds.</summary>
    private const string SpinCount = "10000";

    public static void Load(string library)
    {
        if (!OperatingSystem.IsWindows())
        {
            ChooseBlasKernels();
            LimitSpinning();
        }
        NativeLibrary.Load(library, Assembly.GetExecutingAssembly(), DllImportSearchPath.AssemblyDirectory);
    }

    /// <summary>Older OpenBLAS does not know newer processors and falls back to its slowest kernels.</summary>
    private static void ChooseBlasKernels()
    {
        var kernels = Avx512BW.VL.IsSupported && Avx512DQ.IsSupported ? "SKYLAKEX" : Avx2.IsSupported ? "HASWELL" : null;
        if (kernels is not null) SetUnlessSet("OPENBLAS_CORETYPE", kernels);
    }

    /// <summary>OpenMP threads that wait for their next task keep managed threads from the cores.</summary>
    private static void LimitSpinning()
    {
        if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null) SetUnlessSet("GOMP_SPINCOUNT", SpinCount);
    }

    /// <summary>The user's own choice stands.</summary>
    private static void SetUnlessSet(string name, string value) => SetNativeVariable(name, value, overwrite: 0);

    /// <summary>Unlike <see cref="Environment.SetEnvironmentVariable(string, string)"/> this reaches getenv in native code.</summary>
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetNativeVariable(string name, string value, int overwrite);
}
