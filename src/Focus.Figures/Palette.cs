namespace Focus;

/// <summary>The colours of the figures.</summary>
public static class Palette
{
    /// <summary>Adam's colour in the paper's phase diagrams.</summary>
    public static FigureColor Orange { get; } = new(0xF0, 0x8A, 0x24);

    /// <summary>Signum's colour in the paper's phase diagrams.</summary>
    public static FigureColor Yellow { get; } = new(0xFB, 0xD5, 0x3F);

    /// <summary>The colour of FOCUS in the paper's phase diagrams.</summary>
    public static FigureColor Blue { get; } = new(0x2B, 0x6C, 0xB8);

    /// <summary>A colour for a fourth thing.</summary>
    public static FigureColor Green { get; } = new(0x3A, 0x9A, 0x5B);

    /// <summary>A colour for a fifth thing.</summary>
    public static FigureColor Red { get; } = new(0xC8, 0x3C, 0x3C);

    /// <summary>White.</summary>
    public static FigureColor White { get; } = new(0xFF, 0xFF, 0xFF);

    /// <summary>Axes and text.</summary>
    public static FigureColor Ink { get; } = new(0x22, 0x22, 0x22);

    /// <summary>What is there but should not draw the eye.</summary>
    public static FigureColor Grey { get; } = new(0xB4, 0xB4, 0xB4);
}
