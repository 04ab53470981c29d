namespace Microsoft.ML.Runtime;

/// <summary>The environment behind <see cref="MLContext"/>, and, registered under a name, that of one component.</summary>
internal sealed class LocalEnvironment : MessageSource, IHost
{
    private readonly Action<MessageSource, ChannelMessage> _listener;
    private readonly Lock _lock = new();

    public LocalEnvironment(int? seed, Action<MessageSource, ChannelMessage> listener) : base(null, null)
    {
        Rand = seed is { } value ? new Random(value) : new Random();
        ComponentCatalog = new ComponentCatalog();
        BuiltInTransformers.Register(ComponentCatalog);
        _listener = listener;
    }

    private LocalEnvironment(LocalEnvironment parent, string name, Random random) : base(name, null)
    {
        Rand = random;
        ComponentCatalog = parent.ComponentCatalog;
        _listener = parent._listener;
    }

    public Random Rand { get; }

    public ComponentCatalog ComponentCatalog { get; }

    public override string ContextDescription => "HostEnvironment";

    public override TException Process<TException>(TException ex)
    {
        if (ex is null) return null;
        ex.Data["Throwing component"] = "Environment";
        return Require.Mark(ex);
    }

    public IHost Register(string name, int? seed = null, bool? verbose = null)
    {
        Require.Name(name, nameof(name));
        lock (_lock) return new LocalEnvironment(this, name, new Random(seed ?? Rand.Next()));
    }

    public IChannel Start(string name) => new Channel(name, FullName, _listener);

    public IPipe<TMessage> StartPipe<TMessage>(string name) => new SilentPipe<TMessage>(name, FullName);

    public IProgressChannel StartProgressChannel(string name)
    {
        Require.Name(name, nameof(name));
        return new SilentProgressChannel();
    }

    /// <summary>Only text messages have a listener.</summary>
    private sealed class SilentPipe<TMessage>(string name, string parent) : MessageSource(name, parent), IPipe<TMessage>
    {
        public void Send(TMessage msg)
        {
        }

        public void Dispose()
        {
        }
    }

    /// <summary>Nobody can listen to progress through <see cref="MLContext"/>.</summary>
    private sealed class SilentProgressChannel : IProgressChannel
    {
        public void SetHeader(ProgressHeader header, Action<IProgressEntry> fillAction)
        {
        }

        public void Checkpoint(params double?[] values)
        {
        }

        public IProgressChannel StartProgressChannel(string name) => this;

        public void Dispose()
        {
        }
    }
}
