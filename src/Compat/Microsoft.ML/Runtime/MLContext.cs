using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Where every ML.NET program starts: catalogs, log and random seed.</summary>
public sealed class MLContext : IHostEnvironment
{
    private readonly LocalEnvironment _environment;

    public MLContext(int? seed = null)
    {
        _environment = new LocalEnvironment(seed, Dispatch);
        MulticlassClassification = new MulticlassClassificationCatalog();
        Transforms = new TransformsCatalog();
        Model = new ModelOperationsCatalog(_environment);
        Data = new DataOperationsCatalog(seed);
    }

    public MulticlassClassificationCatalog MulticlassClassification { get; }

    public TransformsCatalog Transforms { get; }

    public ModelOperationsCatalog Model { get; }

    public DataOperationsCatalog Data { get; }

    public ComponentCatalog ComponentCatalog => _environment.ComponentCatalog;

    public event EventHandler<LoggingEventArgs> Log;

    string IExceptionContext.ContextDescription => _environment.ContextDescription;

    TException IExceptionContext.Process<TException>(TException ex) => _environment.Process(ex);

    IHost IHostEnvironment.Register(string name, int? seed, bool? verbose) => _environment.Register(name, seed, verbose);

    IChannel IChannelProvider.Start(string name) => _environment.Start(name);

    IPipe<TMessage> IChannelProvider.StartPipe<TMessage>(string name) => _environment.StartPipe<TMessage>(name);

    IProgressChannel IProgressChannelProvider.StartProgressChannel(string name) => _environment.StartProgressChannel(name);

    private void Dispatch(MessageSource source, ChannelMessage message) =>
        Log?.Invoke(this, new LoggingEventArgs(message.Message, message.Kind, source.FullName));
}
