namespace Focus;

/// <summary>A colour in sRGB.</summary>
/// <param name="Red">0 to 255.</param>
/// <param name="Green">0 to 255.</param>
/// <param name="Blue">0 to 255.</param>
public readonly record struct FigureColor(byte Red, byte Green, byte Blue)
{
    /// <summary>A colour between this and another.</summary>
    /// <param name="other">The other colour.</param>
    /// <param name="share">The other's share, 0 to 1.</param>
    public FigureColor Mix(FigureColor other, double share)
    {
        byte Between(byte from, byte to) => (byte)Math.Round(from + (to - from) * Math.Clamp(share, 0, 1));
        return new(Between(Red, other.Red), Between(Green, other.Green), Between(Blue, other.Blue));
    }
}
