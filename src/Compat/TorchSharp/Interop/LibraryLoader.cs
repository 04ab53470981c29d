using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace TorchSharp.Interop;

/// <summary>Loads the native library once, with the environment that libtorch and OpenBLAS read while they load.</summary>
internal static partial class LibraryLoader
{
    private const string KernelVariable = "OPENBLAS_CORETYPE";

    public static void Load(string library)
    {
        ChooseBlasKernels();
        NativeLibrary.Load(library, Assembly.GetExecutingAssembly(), DllImportSearchPath.AssemblyDirectory);
    }

    /// <summary>Older OpenBLAS does not know newer processors and falls back to its slowest kernels; the user's own choice stands.</summary>
    private static void ChooseBlasKernels()
    {
        var kernels = Avx512BW.VL.IsSupported && Avx512DQ.IsSupported ? "SKYLAKEX" : Avx2.IsSupported ? "HASWELL" : null;
        if (kernels is not null && !OperatingSystem.IsWindows()) SetNativeVariable(KernelVariable, kernels, overwrite: 0);
    }

    /// <summary>Unlike <see cref="Environment.SetEnvironmentVariable(string, string)"/> this reaches getenv in native code.</summary>
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetNativeVariable(string name, string value, int overwrite);
}
