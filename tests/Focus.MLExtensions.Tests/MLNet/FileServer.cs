using System.Net;

namespace Focus.Tests;

/// <summary>A local HTTP server that hands out files by name, 404 for others, and counts requests.</summary>
internal sealed class FileServer : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly Func<string, byte[]?> content;

    public FileServer(Func<string, byte[]?> content)
    {
        this.content = content;
        Address = Start();
        _ = Task.Run(ServeAsync);
    }

    /// <summary>The server's address, with a path and without a slash at its end.</summary>
    public Uri Address { get; }

    public List<string> Requests { get; } = [];

    /// <summary>Whether the server breaks off in the middle of every file.</summary>
    public bool BreaksOff { get; init; }

    public void Dispose() => listener.Close();

    /// <summary>Takes the first free port.</summary>
    private Uri Start()
    {
        for (var port = 23_400; ; port++)
        {
            listener.Prefixes.Clear();
            listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                listener.Start();
                return new Uri($"http://127.0.0.1:{port}/mirror/mnist");
            }
            catch (HttpListenerException) when (port < 23_500)
            {
            }
        }
    }

    private async Task ServeAsync()
    {
        while (listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            Answer(context);
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var path = context.Request.Url!.AbsolutePath;
        lock (Requests) Requests.Add(path);
        var bytes = path.StartsWith("/mirror/mnist/", StringComparison.Ordinal) ? content(Path.GetFileName(path)) : null;
        context.Response.StatusCode = bytes is null ? 404 : 200;
        if (bytes is not null)
        {
            context.Response.ContentLength64 = bytes.Length;
            context.Response.OutputStream.Write(bytes.AsSpan(0, BreaksOff ? bytes.Length / 2 : bytes.Length));
        }
        if (BreaksOff) context.Response.Abort();
        context.Response.Close();
    }
}
