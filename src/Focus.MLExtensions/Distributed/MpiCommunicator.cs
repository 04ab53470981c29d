using System.Diagnostics;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The ranks of an MPI job.</summary>
/// <remarks>MPI itself waits for ever. So every operation is one that returns at once, and its end is asked for until the deadline.</remarks>
internal sealed unsafe class MpiCommunicator : Communicator
{
    /// <summary>At least as long as any library's status.</summary>
    private const int StatusBytes = 64;

    private const int ExitCode = 1, BusyTurns = 2000;

    /// <summary>How long a wait takes the core at every turn that no other process wants it.</summary>
    private static readonly TimeSpan ShortWait = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a library is given to end the job before the process ends by itself.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly MpiLibrary mpi;
    private readonly nint group;
    private bool isClosed;

    private MpiCommunicator(MpiLibrary mpi, nint group, (int Rank, int Size) all, (int Rank, int Size) local, TimeSpan timeout)
        : base(all.Rank, all.Size, local.Rank, local.Size, timeout)
    {
        (this.mpi, this.group) = (mpi, group);
        // Before the stack is unwound, where the communicator would be closed, which waits for the other ranks.
        AppDomain.CurrentDomain.UnhandledException += AbortAfter;
    }

    /// <exception cref="TimeoutException">Not all ranks have started in time.</exception>
    public static MpiCommunicator Open(Launcher? launcher, TimeSpan timeout)
    {
        var start = Task.Run(() => Join(launcher, timeout));
        if (Task.WaitAny([start], timeout) < 0) throw new TimeoutException($"The ranks of the job did not find each other within {timeout}.");
        return start.GetAwaiter().GetResult();
    }

    private protected override void Sum(byte* data, int elements, ScalarType type)
    {
        var kind = type switch
        {
            ScalarType.Float32 => mpi.Values.Float,
            ScalarType.Float64 => mpi.Values.Double,
            _ => mpi.Values.Int64,
        };
        nint request = 0;
        Finish(mpi.AllReduce(mpi.Values.InPlace, data, elements, kind, mpi.Values.Sum, group, &request), &request, "sum");
    }

    private protected override void Copy(byte* data, int bytes, int root)
    {
        nint request = 0;
        Finish(mpi.Broadcast(data, bytes, mpi.Values.Byte, root, group, &request), &request, "broadcast");
    }

    private protected override void End()
    {
        // The library may wait for a network that is down; so may its end at the exit of a process.
        new Thread(() => _ = mpi.Abort(group, ExitCode)) { IsBackground = true }.Start();
        Thread.Sleep(Grace);
        Process.GetCurrentProcess().Kill();
    }

    private protected override void Close()
    {
        if (isClosed) return;
        isClosed = true;
        AppDomain.CurrentDomain.UnhandledException -= AbortAfter;
        var end = new Thread(() => _ = mpi.FinalizeAll()) { IsBackground = true };
        end.Start();
        if (!end.Join(Timeout)) Abort($"the other ranks did not end within {Timeout}.");
    }

    private void AbortAfter(object sender, UnhandledExceptionEventArgs fault) => Abort($"{fault.ExceptionObject}");

    private static MpiCommunicator Join(Launcher? launcher, TimeSpan timeout)
    {
        var mpi = MpiLibrary.Load(launcher);
        Initialize(mpi);
        nint group = 0, machine = 0;
        Require(mpi, mpi.Duplicate(mpi.Values.World, &group));
        Require(mpi, mpi.SetErrorHandler(group, mpi.Values.ErrorsReturn));
        var all = PlaceIn(mpi, group);
        if (launcher is not null && launcher.Size != all.Size)
            throw new InvalidOperationException(
                $"{launcher.Name} has started {launcher.Size} processes ({launcher.SizeVariable}), but {mpi.Version} finds {all.Size}. The library " +
                $"must be the launcher's: start the program with the library's mpirun, or set {MpiLibrary.PathVariable} to the path of the other.");
        Require(mpi, mpi.SplitType(group, mpi.Values.SharedMemory, all.Rank, mpi.Values.NoInfo, &machine));
        return new MpiCommunicator(mpi, group, all, PlaceIn(mpi, machine), timeout);
    }

    private static void Initialize(MpiLibrary mpi)
    {
        int initialized, finalized, provided;
        Require(mpi, mpi.Initialized(&initialized));
        Require(mpi, mpi.Finalized(&finalized));
        if (finalized != 0)
            throw new InvalidOperationException($"MPI starts once in a process, and was closed; keep one {nameof(Communicator)} until the end.");
        if (initialized == 0) Require(mpi, mpi.InitThread(null, null, mpi.Values.ThreadMultiple, &provided));
    }

    private static (int Rank, int Size) PlaceIn(MpiLibrary mpi, nint group)
    {
        int rank, size;
        Require(mpi, mpi.RankOf(group, &rank));
        Require(mpi, mpi.SizeOf(group, &size));
        return (rank, size);
    }

    private static void Require(MpiLibrary mpi, int code)
    {
        if (code != 0) throw new InvalidOperationException($"{mpi.Version} failed: {mpi.ErrorText(code)}.");
    }

    /// <summary>Waits for the end of an operation.</summary>
    private void Finish(int code, nint* request, string operation)
    {
        var status = stackalloc byte[StatusBytes];
        var begin = Stopwatch.GetTimestamp();
        for (var turn = 0; code == 0; turn++)
        {
            int done;
            code = mpi.Test(request, &done, status);
            if (code == 0 && done != 0) return;
            if (turn < BusyTurns) continue;
            var waited = Stopwatch.GetElapsedTime(begin);
            if (waited > Timeout) Abort($"the other ranks did not take part in a {operation} within {Timeout}; one of them has ended or hangs.");
            Thread.Sleep(waited < ShortWait ? 0 : 1);
        }
        Abort($"a {operation} failed: {mpi.ErrorText(code)}.");
    }
}
