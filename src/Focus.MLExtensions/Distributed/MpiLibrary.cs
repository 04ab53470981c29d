using System.Runtime.InteropServices;
using System.Text;

namespace Focus;

/// <summary>An MPI library that was found when the program runs: the C functions that are needed, and the values that differ between
/// libraries.</summary>
/// <remarks>A handle of MPI is a pointer or a 32-bit number, which pass alike as an argument. A function that writes one is given eight bytes of
/// zeros.</remarks>
internal sealed unsafe class MpiLibrary
{
    /// <summary>The variable that names another library than would be found.</summary>
    public const string PathVariable = "FOCUS_MPI_LIBRARY";

    /// <summary>Enough for the text of any library.</summary>
    private const int TextBytes = 8192;

    private static readonly string[] OpenMpiNames = ["libmpi.so.40", "libmpi.40.dylib"];
    private static readonly string[] MpichNames = ["libmpi.so.12", "libmpich.so.12", "libmpi.12.dylib", "msmpi.dll"];
    private static readonly string[] StandardNames = ["libmpi_abi.so.0", "libmpi_abi.so", "libmpi.so"];

    public readonly delegate* unmanaged<int*, int> Initialized, Finalized;
    public readonly delegate* unmanaged<void*, void*, int, int*, int> InitThread;
    public readonly delegate* unmanaged<int> FinalizeAll;
    public readonly delegate* unmanaged<nint, int, int> Abort;
    public readonly delegate* unmanaged<nint, nint*, int> Duplicate;
    public readonly delegate* unmanaged<nint, int, int, nint, nint*, int> SplitType;
    public readonly delegate* unmanaged<nint, nint, int> SetErrorHandler;
    public readonly delegate* unmanaged<nint, int*, int> SizeOf, RankOf;
    public readonly delegate* unmanaged<nint, void*, int, nint, nint, nint, nint*, int> AllReduce;
    public readonly delegate* unmanaged<void*, int, nint, int, nint, nint*, int> Broadcast;
    public readonly delegate* unmanaged<nint*, int*, void*, int> Test;
    private readonly delegate* unmanaged<int, byte*, int*, int> errorString;
    private readonly delegate* unmanaged<byte*, int*, int> libraryVersion;

    private MpiLibrary(string name, nint library)
    {
        Initialized = (delegate* unmanaged<int*, int>)Function("MPI_Initialized");
        Finalized = (delegate* unmanaged<int*, int>)Function("MPI_Finalized");
        InitThread = (delegate* unmanaged<void*, void*, int, int*, int>)Function("MPI_Init_thread");
        FinalizeAll = (delegate* unmanaged<int>)Function("MPI_Finalize");
        Abort = (delegate* unmanaged<nint, int, int>)Function("MPI_Abort");
        Duplicate = (delegate* unmanaged<nint, nint*, int>)Function("MPI_Comm_dup");
        SplitType = (delegate* unmanaged<nint, int, int, nint, nint*, int>)Function("MPI_Comm_split_type");
        SetErrorHandler = (delegate* unmanaged<nint, nint, int>)Function("MPI_Comm_set_errhandler");
        SizeOf = (delegate* unmanaged<nint, int*, int>)Function("MPI_Comm_size");
        RankOf = (delegate* unmanaged<nint, int*, int>)Function("MPI_Comm_rank");
        AllReduce = (delegate* unmanaged<nint, void*, int, nint, nint, nint, nint*, int>)Function("MPI_Iallreduce");
        Broadcast = (delegate* unmanaged<void*, int, nint, int, nint, nint*, int>)Function("MPI_Ibcast");
        Test = (delegate* unmanaged<nint*, int*, void*, int>)Function("MPI_Test");
        errorString = (delegate* unmanaged<int, byte*, int*, int>)Function("MPI_Error_string");
        libraryVersion = (delegate* unmanaged<byte*, int*, int>)Function("MPI_Get_library_version");
        Values = MpiValues.Of(name, library);

        nint Function(string function) => NativeLibrary.GetExport(library, function);
    }

    public MpiValues Values { get; }

    /// <summary>The library's own name and version, which it gives before it is initialized.</summary>
    public string Version
    {
        get
        {
            var text = stackalloc byte[TextBytes];
            int length;
            _ = libraryVersion(text, &length);
            return Text(text).Split(['\n', ','])[0].Replace('\t', ' ');
        }
    }

    /// <summary>Loads the library that belongs to a launcher: processes of another library's launcher would each be a job of one.</summary>
    /// <exception cref="DllNotFoundException">There is none.</exception>
    public static MpiLibrary Load(Launcher? launcher)
    {
        string[] found = launcher is { IsMpich: true } ? [.. MpichNames, .. OpenMpiNames] : [.. OpenMpiNames, .. MpichNames];
        string[] names = Environment.GetEnvironmentVariable(PathVariable) is { } path ? [path] : [.. found, .. StandardNames];
        foreach (var name in names)
            if (NativeLibrary.TryLoad(name, out var library)) return new MpiLibrary(name, library);
        throw new DllNotFoundException(
            $"There is no MPI library: none of {string.Join(", ", names)} could be loaded. Install one (Debian: openmpi-bin or mpich), or set " +
            $"{PathVariable} to the path of its file.");
    }

    /// <summary>What an error code means.</summary>
    public string ErrorText(int code)
    {
        var text = stackalloc byte[TextBytes];
        int length;
        return errorString(code, text, &length) == 0 ? Text(text) : $"error {code}";
    }

    private static string Text(byte* text) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
}

/// <summary>The values of MPI's constants, which differ between families of libraries.</summary>
internal sealed record MpiValues
{
    public required nint World { get; init; }
    public required nint Byte { get; init; }
    public required nint Float { get; init; }
    public required nint Double { get; init; }
    public required nint Int64 { get; init; }
    public required nint Sum { get; init; }
    public required nint ErrorsReturn { get; init; }
    public required nint NoInfo { get; init; }
    public required nint InPlace { get; init; }
    public required int ThreadMultiple { get; init; }
    public required int SharedMemory { get; init; }

    /// <summary>The values of a loaded library.</summary>
    public static MpiValues Of(string name, nint library) =>
        NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _) ? OpenMpi(library)
        : name.Contains("mpi_abi", StringComparison.Ordinal) ? Standard : Mpich;

    /// <summary>Intel MPI, MVAPICH, Cray and MS-MPI share it.</summary>
    private static MpiValues Mpich { get; } = new()
    {
        World = 0x44000000, Byte = 0x4C00010D, Float = 0x4C00040A, Double = 0x4C00080B, Int64 = 0x4C00083A, Sum = 0x58000003,
        ErrorsReturn = 0x54000001, NoInfo = 0x1C000000, InPlace = -1, ThreadMultiple = 3, SharedMemory = 1,
    };

    /// <summary>The ABI of MPI 5.</summary>
    private static MpiValues Standard { get; } = new()
    {
        World = 0x101, Byte = 0x247, Float = 0x210, Double = 0x214, Int64 = 0x258, Sum = 0x21, ErrorsReturn = 0x143,
        NoInfo = 0x130, InPlace = 1, ThreadMultiple = 4096, SharedMemory = 221,
    };

    /// <summary>Open MPI's handles are addresses of its objects.</summary>
    private static MpiValues OpenMpi(nint library)
    {
        return new()
        {
            World = Object("comm_world"), Byte = Object("byte"), Float = Object("float"), Double = Object("double"), Int64 = Object("int64_t"),
            Sum = Object("op_sum"), ErrorsReturn = Object("errors_return"), NoInfo = Object("info_null"),
            InPlace = 1, ThreadMultiple = 3, SharedMemory = 0,
        };

        nint Object(string name) => NativeLibrary.GetExport(library, $"ompi_mpi_{name}");
    }
}
