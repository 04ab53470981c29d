using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Focus;

/// <summary>The documents of a corpus as a view with the columns Text and Source, read anew for each cursor.</summary>
internal static class TextDataView
{
    /// <summary>How many broken documents are named before they are only counted.</summary>
    private const int MostNamed = 20;

    public static IDataView Create(TextDocuments documents, IChannelProvider environment) => new StreamedDataView<TextDocument>(
        Read(documents, environment),
        StreamedColumn<TextDocument>.Create("Text", TextDataViewType.Instance, document => document.Text.AsMemory()),
        StreamedColumn<TextDocument>.Create("Source", TextDataViewType.Instance, document => document.Source.AsMemory()));

    private static IEnumerable<TextDocument> Read(TextDocuments documents, IChannelProvider environment)
    {
        using var channel = environment.Start("Corpus");
        BrokenDocument? first = null;
        long read = 0, broken = 0;
        foreach (var document in documents.Read(Report))
        {
            read++;
            yield return document;
        }
        if (read == 0 && first is not null) throw first.NothingRead();
        if (broken > 0) channel.Warning(MessageSensitivity.None, "{0}", $"{broken} broken documents were left out, {read} were read.");

        void Report(BrokenDocument document)
        {
            first ??= document;
            if (++broken <= MostNamed) channel.Warning(MessageSensitivity.Schema, "{0}", $"Left out {document}");
        }
    }
}
