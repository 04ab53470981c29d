namespace TorchSharp.Interop;

/// <summary>Arrays of native tensor handles.</summary>
internal static unsafe class Handles
{
    /// <summary>The handles of tensors; the caller keeps the tensors alive.</summary>
    public static nint[] Of(IEnumerable<torch.Tensor?>? tensors) => tensors is null ? [] : [.. tensors.Select(t => t?.Handle ?? 0)];

    /// <summary>Wraps the tensors of a native array, null where there is none, and frees the array.</summary>
    public static torch.Tensor[] Take(nint handles, int count)
    {
        var tensors = Wrap(new ReadOnlySpan<nint>((void*)handles, count));
        NativeMethods.ft_free_handles(handles);
        return tensors;
    }

    /// <summary>Wraps tensors that now belong to the managed side, null where there is none.</summary>
    public static torch.Tensor[] Wrap(ReadOnlySpan<nint> handles)
    {
        var tensors = new torch.Tensor[handles.Length];
        for (var i = 0; i < handles.Length; i++) tensors[i] = handles[i] == 0 ? null! : new torch.Tensor(handles[i]);
        return tensors;
    }
}
