namespace Focus;

/// <summary>Some rows whose added columns are computed together.</summary>
/// <remarks>Used by one thread at a time: rows are read into the slots 0, 1, …, then computed, then handed out by way of
/// <see cref="Current"/>.</remarks>
internal abstract class RowBlock : IDisposable
{
    /// <summary>The slot whose values the getters give.</summary>
    public int Current { get; set; }

    /// <summary>Keeps what is needed of the input's current row.</summary>
    public abstract void Read(int slot);

    /// <summary>Computes the added columns of the first <paramref name="count"/> slots.</summary>
    public abstract void Compute(int count);

    /// <summary>A getter (<c>ValueGetter</c>) of an added column, which follows <see cref="Current"/>.</summary>
    /// <param name="added">The column's place among the added ones.</param>
    public abstract Delegate CreateGetter(int added);

    public abstract void Dispose();
}
