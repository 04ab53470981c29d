using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A native tensor, freed when disposed: by its user, by its dispose scope or in the end by the collector.</summary>
    public partial class Tensor : IDisposable
    {
        private static long _totalCount;

        private nint _handle;

        internal Tensor(nint handle)
        {
            _handle = handle;
            Interlocked.Increment(ref _totalCount);
            OwningDisposeScope = DisposeScopeManager.OfThread.Register(this);
        }

        ~Tensor() => Dispose(false);

        /// <summary>How many tensors there are that were not disposed.</summary>
        public static long TotalCount => _totalCount;

        /// <summary>A pointer to an at::Tensor.</summary>
        public IntPtr Handle => _handle != 0 ? _handle : throw new InvalidOperationException("The tensor was disposed or moved: its handle is empty.");

        public bool IsInvalid => _handle == 0;

        internal DisposeScope? OwningDisposeScope { get; set; }

        /// <summary>The handle, or zero where there is none any more.</summary>
        internal nint HandleOrZero => _handle;

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            OwningDisposeScope?.Forget(this);
            if (_handle == 0) return;
            Interlocked.Decrement(ref _totalCount);
            NativeMethods.ft_tensor_delete(_handle);
            _handle = 0;
        }

        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        /// <summary>Takes the native tensor out of this one, which is empty from then on.</summary>
        internal nint MoveHandle()
        {
            var handle = _handle;
            if (handle != 0) Interlocked.Decrement(ref _totalCount);
            _handle = 0;
            return handle;
        }

        public override string ToString() => IsInvalid ? "" : $"[{string.Join('x', shape)}], type = {dtype}, device = {device}";
    }

    /// <summary>A scope that owns the tensors this thread creates from now on.</summary>
    public static DisposeScope NewDisposeScope() => DisposeScopeManager.OfThread.Enter();
}
