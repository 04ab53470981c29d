using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>The C interface declared in native/*.cpp. Functions that return int answer 0 for failure.</summary>
internal static unsafe partial class NativeMethods
{
    private const string Library = "focus_torch";

    static NativeMethods()
    {
        LibraryLoader.Load(Library);
        ft_keep_freed_memory();
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OMP_NUM_THREADS"))) ft_set_num_threads(Environment.ProcessorCount);
    }

    /// <summary>Throws what a call that failed left behind, as TorchSharp does.</summary>
    public static void Check(int succeeded)
    {
        if (succeeded == 0) throw LastError();
    }

    /// <inheritdoc cref="Check(int)"/>
    public static nint Check(nint handle) => handle != 0 ? handle : throw LastError();

    private static ExternalException LastError() => new(Marshal.PtrToStringUTF8(ft_last_error()));

    [LibraryImport(Library)] private static partial nint ft_last_error();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ft_operator(string name, string overload);

    [LibraryImport(Library)]
    public static partial int ft_call(nint op, Value* arguments, int argumentCount, Value* results, int resultCount);

    [LibraryImport(Library)] public static partial void ft_free_handles(nint handles);

    // Tensors. What only reads a field needs no GC transition.
    [LibraryImport(Library)] public static partial nint ft_tensor_share(nint tensor);
    [LibraryImport(Library)] public static partial void ft_tensor_delete(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] public static partial long ft_tensor_dim(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] public static partial long ft_tensor_numel(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] public static partial long* ft_tensor_sizes(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] public static partial long* ft_tensor_strides(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] public static partial int ft_tensor_dtype(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] public static partial long ft_tensor_device(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] public static partial int ft_tensor_is_contiguous(nint tensor);
    [LibraryImport(Library)] public static partial nint ft_tensor_data(nint tensor);

    [LibraryImport(Library)]
    public static partial nint ft_tensor_from_memory(
        nint data, long* sizes, int dims, int dtype, nint owner, delegate* unmanaged<nint, void> release);

    // Gradients
    [LibraryImport(Library), SuppressGCTransition] public static partial int ft_grad_enabled();
    [LibraryImport(Library), SuppressGCTransition] public static partial void ft_set_grad_enabled(int enabled);
    [LibraryImport(Library)] public static partial nint ft_inference_mode_enter(int enabled);
    [LibraryImport(Library)] public static partial void ft_inference_mode_leave(nint mode);
    [LibraryImport(Library), SuppressGCTransition] public static partial int ft_tensor_requires_grad(nint tensor);
    [LibraryImport(Library)] public static partial int ft_tensor_set_requires_grad(nint tensor, int value);
    [LibraryImport(Library), SuppressGCTransition] public static partial int ft_tensor_is_leaf(nint tensor);
    [LibraryImport(Library)] public static partial nint ft_tensor_grad(nint tensor);
    [LibraryImport(Library)] public static partial void ft_tensor_set_grad(nint tensor, nint grad);

    [LibraryImport(Library)]
    public static partial int ft_backward(
        nint* tensors, int tensorCount, nint* grads, int gradCount, nint* inputs, int inputCount, int retainGraph, int createGraph);

    [LibraryImport(Library)]
    public static partial int ft_grad(
        nint* outputs, int outputCount, nint* inputs, int inputCount, nint* grads, int gradCount,
        int retainGraph, int createGraph, int allowUnused, nint* results);

    [LibraryImport(Library)]
    public static partial void ft_set_function_callbacks(
        delegate* unmanaged<nint, nint, nint*, int, nint*, int, int> backward, delegate* unmanaged<nint, void> release);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial void ft_fail(string message);

    [LibraryImport(Library)]
    public static partial int ft_function_apply(
        nint node, int materializeGrads, nint* inputs, int inputCount, nint* outputs, int outputCount, nint* saved, int savedCount,
        nint* dirty, int dirtyCount, nint* nonDifferentiable, int nonDifferentiableCount, nint* results);

    [LibraryImport(Library)] public static partial nint ft_saved_variables(nint context, int* count);

    // The library as a whole
    [LibraryImport(Library)] public static partial int ft_num_threads();
    [LibraryImport(Library)] public static partial void ft_keep_freed_memory();
    [LibraryImport(Library)] public static partial int ft_set_num_threads(int count);
    [LibraryImport(Library)] public static partial int ft_cuda_is_available();
    [LibraryImport(Library)] public static partial int ft_cuda_device_count();
    [LibraryImport(Library)] public static partial int ft_manual_seed(long seed);
    [LibraryImport(Library)] public static partial nint ft_generator_default();
    [LibraryImport(Library)] public static partial nint ft_generator_new(ulong seed);
    [LibraryImport(Library)] public static partial void ft_generator_delete(nint generator);
    [LibraryImport(Library)] public static partial void ft_generator_manual_seed(nint generator, long seed);
    [LibraryImport(Library)] public static partial nint ft_generator_state(nint generator);
    [LibraryImport(Library)] public static partial int ft_generator_set_state(nint generator, nint state);
}
