namespace Focus;

internal readonly record struct Position(double X, double Y);

internal readonly record struct Box(double Left, double Top, double Right, double Bottom)
{
    public double Width => Right - Left;

    public double Height => Bottom - Top;
}
