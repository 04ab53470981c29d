using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Focus;

/// <summary>Writes a run's steps as lines of JSON.</summary>
internal sealed class JsonLinesMetrics : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new SecondsConverter() },
    };

    private readonly FileStream stream;

    /// <summary>Opens a file to continue after a step: what it holds of later steps, and a last line cut short, is removed.</summary>
    /// <exception cref="InvalidDataException">The file holds something else.</exception>
    public JsonLinesMetrics(string path, long step)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        stream = new FileStream(path, step == 0 ? FileMode.Create : FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            stream.SetLength(LengthUpTo(step));
            stream.Seek(0, SeekOrigin.End);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public void Write(Gpt2Progress step)
    {
        stream.Write([.. JsonSerializer.SerializeToUtf8Bytes(step, Json), (byte)'\n']);
        stream.Flush(); // A reader sees whole lines.
    }

    public void Dispose() => stream.Dispose();

    /// <summary>How many bytes the lines up to a step take.</summary>
    private long LengthUpTo(long step)
    {
        var length = 0L;
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            var end = length + Encoding.UTF8.GetByteCount(line) + 1;
            if (end > stream.Length || StepOf(line, number) > step) break;
            length = end;
        }
        return length;
    }

    private long StepOf(string line, int number)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.GetProperty("step").GetInt64();
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException(
                $"'{stream.Name}', line {number}: expected the metrics of a step as JSON; move the file away, or name another.",
                error);
        }
    }
}
