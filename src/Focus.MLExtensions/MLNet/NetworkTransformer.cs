using static TorchSharp.torch;

namespace Focus;

/// <summary>A transformer that owns a network.</summary>
/// <remarks>The network's memory is freed by <see cref="Dispose"/>, or by the garbage collector once nothing refers to the transformer. ML.NET disposes of
/// it with a chain (<c>TransformerChain.Dispose</c>) and with a prediction engine, which owns its transformer unless
/// <c>PredictionEngineOptions.OwnsTransformer</c> is false.</remarks>
/// <typeparam name="TNetwork">The kind of network.</typeparam>
public abstract class NetworkTransformer<TNetwork> : FocusTransformer, IDisposable where TNetwork : nn.Module
{
    private bool isDisposed;

    private protected NetworkTransformer(TNetwork network)
    {
        network.eval();
        Network = network;
    }

    /// <summary>The network, in evaluation mode.</summary>
    /// <remarks>It belongs to the transformer and lives as long. Its input must be on its own device: where it was trained, or the CPU after
    /// loading. It must not be changed or disposed of while views of the transformer are read.</remarks>
    /// <exception cref="ObjectDisposedException">The transformer was disposed of.</exception>
    public TNetwork Network
    {
        get
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            return field;
        }
    }

    /// <summary>Frees the network. Views and prediction engines of the transformer can no longer be
    /// read.</summary>
    public void Dispose()
    {
        if (isDisposed) return;
        Network.Dispose();
        isDisposed = true;
        GC.SuppressFinalize(this);
    }
}
