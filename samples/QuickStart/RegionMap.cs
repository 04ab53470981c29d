using Spectre.Console;

namespace QuickStart;

/// <summary>Draws which class a model gives to each point of the square [−1, 1]².</summary>
internal static class RegionMap
{
    private const int Size = 31;

    private static readonly Color[] Colours = [Color.DodgerBlue1, Color.Orange1, Color.Yellow2];

    public static void Write(Func<SpiralPoint, int> classOf)
    {
        var canvas = new Canvas(Size, Size);
        for (var row = 0; row < Size; row++)
            for (var column = 0; column < Size; column++)
                canvas.SetPixel(column, row, Colours[classOf(new SpiralPoint { Features = [Coordinate(column), -Coordinate(row)] }) - 1]);
        AnsiConsole.Write(canvas);
    }

    private static float Coordinate(int index) => 2f * index / (Size - 1) - 1;
}
