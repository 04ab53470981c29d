using System.Runtime.ExceptionServices;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>How the processes of a job exchange data.</summary>
public enum CommunicatorEngine
{
    /// <summary>MPI where a launcher, such as mpirun, has started several processes; otherwise <see cref="None"/>.</summary>
    Auto,

    /// <summary>Not at all: the process is on its own.</summary>
    None,

    /// <summary>MPI: Open MPI, MPICH and its relatives, or any library with the standard ABI of MPI 5.</summary>
    Mpi,
}

/// <summary>What the processes of a job, its ranks, exchange data through: sums and copies of tensors, with a limit to every wait.</summary>
/// <remarks>
/// <para>All ranks must call the same operations in the same order, with tensors of the same type and size. A wait that exceeds
/// <see cref="Timeout"/> ends the job on all ranks, as does an error of the library below: see <see cref="Abort"/>.</para>
/// <para>Dispose of it at the end on every rank: a process that exits before ends the job, and so does an exception that nobody catches. A
/// program that catches one which the other ranks do not meet calls <see cref="Abort"/>.</para>
/// </remarks>
/// <example>
/// <code>
/// using var communicator = Communicator.Open();
/// using var sum = TorchSharp.torch.tensor(new float[] { communicator.Rank });
/// communicator.AllReduceSum(sum);
/// if (communicator.Rank == 0) Console.WriteLine(sum.item&lt;float&gt;());
/// </code>
/// </example>
public abstract class Communicator : IDisposable
{
    /// <summary>A size at which libraries are near their best and no large buffers are needed.</summary>
    private const int SliceBytes = 4 << 20;

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(10);

    internal Communicator(int rank, int size, int localRank, int localSize, TimeSpan timeout)
        => (Rank, Size, LocalRank, LocalSize, Timeout) = (rank, size, localRank, localSize, timeout);

    private protected unsafe delegate void SliceAction(byte* data, int elements);

    /// <summary>A job of this process alone.</summary>
    internal static Communicator Alone { get; } = new OneProcess();

    /// <summary>The number of this process in the job, in [0, <see cref="Size"/>).</summary>
    public int Rank { get; }

    /// <summary>The number of processes in the job, ≥ 1.</summary>
    public int Size { get; }

    /// <summary>The number of this process among those of the job on the same machine, from 0.</summary>
    public int LocalRank { get; }

    /// <summary>The number of the job's processes on this machine, ≥ 1.</summary>
    public int LocalSize { get; }

    /// <summary>The longest wait for the other ranks.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>This rank in messages.</summary>
    private string Self => $"Rank {Rank} of {Size} ({Environment.MachineName}, process {Environment.ProcessId})";

    /// <summary>Joins the job that this process is part of.</summary>
    /// <param name="engine">How the ranks exchange data.</param>
    /// <param name="timeout">The longest wait for the other ranks, 1 millisecond to 10^6 seconds; by default 10 minutes. It must exceed what one
    /// rank may do alone, such as to write a checkpoint.</param>
    /// <remarks>Where several processes share a machine, torch takes the available cores divided by their number as threads, unless OMP_NUM_THREADS
    /// is set.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    /// <exception cref="DllNotFoundException">There is no MPI library.</exception>
    /// <exception cref="InvalidOperationException">The library finds another number of processes than the launcher started, or MPI was closed
    /// before in this process.</exception>
    /// <exception cref="TimeoutException">Not all processes have started in time.</exception>
    public static Communicator Open(CommunicatorEngine engine = CommunicatorEngine.Auto, TimeSpan? timeout = null)
    {
        Check.Defined(engine);
        var limit = timeout ?? DefaultTimeout;
        Check.Between(0.001, 1e6, limit.TotalSeconds, nameof(timeout));
        var launcher = Launcher.Find(Environment.GetEnvironmentVariable);
        if (engine == CommunicatorEngine.Auto) engine = launcher is { Size: > 1 } ? CommunicatorEngine.Mpi : CommunicatorEngine.None;
        if (engine == CommunicatorEngine.None) return Alone;
        var opened = MpiCommunicator.Open(launcher, limit);
        if (opened.LocalSize > 1 && Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is null)
            set_num_threads(Math.Max(1, Environment.ProcessorCount / opened.LocalSize));
        return opened;
    }

    /// <summary>Replaces a tensor on every rank by the sum over the ranks, which has the same bits on all.</summary>
    /// <param name="tensor">A contiguous tensor of Float32, Float64 or Int64. One on a GPU is copied through the memory of the CPU.</param>
    /// <exception cref="ArgumentException">The tensor is of another type, or not contiguous.</exception>
    public unsafe void AllReduceSum(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        var type = tensor.dtype;
        if (type is not (ScalarType.Float32 or ScalarType.Float64 or ScalarType.Int64))
            throw new ArgumentException($"{nameof(tensor)} is of type {type}; expected Float32, Float64 or Int64.", nameof(tensor));
        InSlices(tensor, (data, elements) => Sum(data, elements, type));
    }

    /// <summary>Replaces a tensor on every rank by that of one.</summary>
    /// <param name="tensor">A contiguous tensor of any type. One on a GPU is copied through the memory of the CPU.</param>
    /// <param name="root">The rank whose tensor all receive, in [0, <see cref="Size"/>).</param>
    /// <exception cref="ArgumentException">The tensor is not contiguous.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    public unsafe void Broadcast(Tensor tensor, int root = 0)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        Check.Between(0, Size - 1, root);
        var width = (int)tensor.element_size();
        InSlices(tensor, (data, elements) => Copy(data, elements * width, root));
    }

    /// <summary>Waits until all ranks have come here.</summary>
    public void Barrier() => Together(() => { });

    /// <summary>Runs this rank's part of some work and waits for the other ranks' parts: where one fails, all fail.</summary>
    /// <param name="work">The work, without operations of this communicator.</param>
    /// <param name="sums">Numbers, as many on all ranks, which are replaced by their sums over the ranks after the work; null for none.</param>
    /// <exception cref="RankFailedException">The work failed on another rank. Where it fails on this one, its own exception is thrown.</exception>
    public unsafe void Together(Action work, double[]? sums = null)
    {
        ArgumentNullException.ThrowIfNull(work);
        Exception? failure = null;
        try
        {
            work();
        }
        catch (Exception error) when (Size > 1)
        {
            failure = error;
        }
        if (Size == 1) return;
        double[] all = [.. sums ?? [], .. new double[Size]];
        var flags = all.AsSpan(all.Length - Size);
        flags[Rank] = failure is null ? 0 : 1;
        fixed (double* data = all) Sum((byte*)data, all.Length, ScalarType.Float64);
        if (flags.IndexOf(1) is var failed && failed >= 0) Fail(failed, failure);
        if (sums is not null) all.AsSpan(0, sums.Length).CopyTo(sums);
    }

    /// <summary>Runs work as <see cref="Together(Action, double[])"/> does, and returns what it returns on this rank.</summary>
    /// <inheritdoc cref="Together(Action, double[])"/>
    public T Together<T>(Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var result = default(T);
        Together(() => { result = work(); });
        return result!;
    }

    /// <summary>Ends the job on all ranks, this process included, with a line on standard error that names rank and machine.</summary>
    /// <param name="reason">Why, as a sentence.</param>
    public void Abort(string reason)
    {
        using (var error = new StreamWriter(Console.OpenStandardError())) error.WriteLine($"{Self}: {reason}");
        End();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives every rank a number of one rank's.</summary>
    internal unsafe int Broadcast(int number, int root = 0)
    {
        if (Size > 1) Copy((byte*)&number, sizeof(int), root);
        return number;
    }

    /// <summary>Gives every rank a text of one rank's.</summary>
    internal unsafe string Broadcast(string text, int root = 0)
    {
        if (Size == 1) return text;
        var bytes = Encoding.UTF8.GetBytes(text);
        Array.Resize(ref bytes, Broadcast(bytes.Length, root));
        fixed (byte* data = bytes) Copy(data, bytes.Length, root);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Replaces elements on every rank by their sum over the ranks.</summary>
    private protected abstract unsafe void Sum(byte* data, int elements, ScalarType type);

    /// <summary>Replaces bytes on every rank by those of one.</summary>
    private protected abstract unsafe void Copy(byte* data, int bytes, int root);

    /// <summary>Ends the job and this process at once.</summary>
    private protected abstract void End();

    /// <summary>Leaves the job when all ranks do.</summary>
    private protected abstract void Close();

    private void Fail(int rank, Exception? own)
    {
        var message = Broadcast(own is null ? "" : $"{Self} failed: {own.Message}", rank);
        if (own is not null) ExceptionDispatchInfo.Throw(own);
        throw new RankFailedException(rank, message);
    }

    private unsafe void InSlices(Tensor tensor, SliceAction action)
    {
        if (!tensor.is_contiguous())
            throw new ArgumentException($"{nameof(tensor)} is not contiguous; take {nameof(tensor)}.contiguous().", nameof(tensor));
        if (Size == 1) return;
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        foreach (var slice in tensor.detach().view(-1).split(SliceBytes / tensor.element_size()))
        {
            var local = slice.cpu(); // The slice itself where it is on the CPU.
            fixed (byte* data = local.bytes) action(data, (int)slice.numel());
            if (slice.device_type != DeviceType.CPU) slice.copy_(local);
        }
    }

    /// <summary>A job of one process.</summary>
    private sealed class OneProcess() : Communicator(rank: 0, size: 1, localRank: 0, localSize: 1, DefaultTimeout)
    {
        private protected override unsafe void Sum(byte* data, int elements, ScalarType type)
        {
        }

        private protected override unsafe void Copy(byte* data, int bytes, int root)
        {
        }

        private protected override void End() => Environment.Exit(1);

        private protected override void Close()
        {
        }
    }
}

/// <summary>Work of a job that failed on another rank.</summary>
public sealed class RankFailedException : InvalidOperationException
{
    internal RankFailedException(int rank, string message) : base(message) => Rank = rank;

    /// <summary>The rank it failed on, the lowest where there are several.</summary>
    public int Rank { get; }
}
