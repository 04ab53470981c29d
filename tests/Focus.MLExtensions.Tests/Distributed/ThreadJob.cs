using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>A job whose ranks are threads of this process.</summary>
internal sealed class ThreadJob(int size) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    private readonly Barrier barrier = new(size);
    private readonly nint[] shared = new nint[size];

    /// <summary>Runs work on each rank and returns the results in the order of the ranks.</summary>
    public static T[] Run<T>(int size, Func<Communicator, T> work)
    {
        var (results, failures) = Outcomes(size, work);
        if (failures.FirstOrDefault(failure => failure is not null) is { } first) ExceptionDispatchInfo.Throw(first);
        return results;
    }

    /// <summary>Runs work on each rank and returns how each fails, or null where it does not.</summary>
    public static Exception?[] Failures(int size, Action<Communicator> work) => Outcomes(size, communicator =>
    {
        work(communicator);
        return 0;
    }).Failures;

    public void Dispose() => barrier.Dispose();

    private static (T[] Results, Exception?[] Failures) Outcomes<T>(int size, Func<Communicator, T> work)
    {
        using var job = new ThreadJob(size);
        var (results, failures) = (new T[size], new Exception?[size]);
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                using var communicator = new ThreadRank(job, rank, size);
                results[rank] = work(communicator);
            }
            catch (Exception error)
            {
                failures[rank] = error;
            }
        }))];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        return (results, failures);
    }

    private void Wait()
    {
        if (!barrier.SignalAndWait(Timeout)) throw new TimeoutException();
    }

    private sealed unsafe class ThreadRank(ThreadJob job, int rank, int size) : Communicator(rank, size, rank, size, ThreadJob.Timeout)
    {
        private protected override void Sum(byte* data, int elements, ScalarType type)
        {
            job.shared[Rank] = (nint)data;
            job.Wait();
            var sum = type switch
            {
                ScalarType.Float32 => Total<float>(elements),
                ScalarType.Float64 => Total<double>(elements),
                _ => Total<long>(elements),
            };
            job.Wait();
            sum.CopyTo(new Span<byte>(data, sum.Length));
        }

        private protected override void Copy(byte* data, int bytes, int root)
        {
            job.shared[Rank] = (nint)data;
            job.Wait();
            if (Rank != root) new ReadOnlySpan<byte>((void*)job.shared[root], bytes).CopyTo(new Span<byte>(data, bytes));
            job.Wait();
        }

        private protected override void End() => throw new TimeoutException();

        private protected override void Close()
        {
        }

        private byte[] Total<T>(int elements) where T : unmanaged, System.Numerics.INumber<T>
        {
            var sum = new byte[elements * sizeof(T)];
            fixed (byte* bytes = sum)
            {
                foreach (var other in job.shared)
                    for (var i = 0; i < elements; i++) ((T*)bytes)[i] += ((T*)other)[i];
            }
            return sum;
        }
    }
}
