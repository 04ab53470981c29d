using TorchSharp;

namespace Focus;

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

    /// <summary>1.</summary>
    public static readonly Scalar One = 1;

    /// <summary>0.</summary>
    public static readonly Scalar Zero = 0;

    /// <summary>−1.</summary>
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
