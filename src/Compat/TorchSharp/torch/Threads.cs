using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static int get_num_threads() => NativeMethods.ft_num_threads();

    public static void set_num_threads(int num) => NativeMethods.Check(NativeMethods.ft_set_num_threads(num));
}
