using System.Globalization;

namespace Focus;

/// <summary>The program that started the processes of a job, as environment variables tell.</summary>
/// <param name="Name">What it is called in messages.</param>
/// <param name="SizeVariable">The variable that holds the number of processes.</param>
/// <param name="Size">The number of processes.</param>
internal sealed record Launcher(string Name, string SizeVariable, int Size)
{
    /// <summary>The launchers by the variables that only they set. A shell of Slurm has some of a job's variables, too, but none of PMIx.</summary>
    private static readonly (string Name, string Size, string Mark)[] Known =
    [
        ("Open MPI's mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
        (Mpich, "PMI_SIZE", "PMI_RANK"),
        ("srun", "SLURM_STEP_NUM_TASKS", "PMIX_RANK"),
        ("torchrun", "WORLD_SIZE", "RANK"),
    ];

    private const string Mpich = "MPICH's mpirun";

    /// <summary>Whether the library is MPICH or one of its relatives; with the others it mostly is Open MPI.</summary>
    public bool IsMpich => Name == Mpich;

    /// <summary>Finds the launcher of this process.</summary>
    /// <param name="variable">The value of an environment variable, or null.</param>
    /// <returns>The launcher, or null where the process was started on its own.</returns>
    public static Launcher? Find(Func<string, string?> variable)
    {
        foreach (var (name, size, mark) in Known)
            if (variable(mark) is not null && int.TryParse(variable(size), NumberStyles.None, CultureInfo.InvariantCulture, out var processes))
                return new Launcher(name, size, processes);
        return null;
    }
}
