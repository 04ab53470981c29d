namespace Focus;

/// <summary>A choice that the compiler knows, so that the loop has no trace of what was not chosen.</summary>
internal interface IChoice
{
    static abstract bool IsMade { get; }
}

internal readonly struct Yes : IChoice
{
    public static bool IsMade => true;
}

internal readonly struct No : IChoice
{
    public static bool IsMade => false;
}
