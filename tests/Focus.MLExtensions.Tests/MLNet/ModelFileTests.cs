using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

/// <summary>Our own model files.</summary>
[TestClass]
public sealed class ModelFileTests
{
    private static readonly MLContext MlContext = new(seed: 1);
    private static readonly IDataView Data = MlContext.View(Blobs.Keyed(60));
    private static readonly MlpTransformer Model = MlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(Data);

    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void A_model_scores_the_same_after_loading()
    {
        MlContext.Focus.Model.Save(Model, folder.File("model.zip"));

        var loaded = new MLContext().Focus.Model.Load(folder.File("model.zip"));

        CollectionAssert.AreEqual(Model.Scores(Data), loaded.Scores(Data));
        CollectionAssert.AreEqual(new[] { "model.zip" }, folder.FileNames.ToArray());
    }

    [TestMethod]
    public void What_the_label_values_stand_for_is_kept()
    {
        var data = MlContext.Data.LoadFromEnumerable(Blobs.Colored(60));
        var prepared = MlContext.Transforms.Concatenate("Features", nameof(Blob.X), nameof(Blob.Y))
            .Append(MlContext.Transforms.Conversion.MapValueToKey("Label", nameof(Blob.Color))).Fit(data).Transform(data);
        using var file = new MemoryStream();
        MlContext.Focus.Model.Save(MlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(prepared), file);
        file.Position = 0;

        var output = MlContext.Focus.Model.Load(file).Transform(prepared);

        var answers = MlContext.Transforms.Conversion.MapKeyToValue("Answer", "PredictedLabel").Fit(output).Transform(output);
        CollectionAssert.AreEqual(Blobs.Colored(60).Select(blob => blob.Color).ToArray(), answers.GetColumn<string>("Answer").ToArray());
    }

    [TestMethod]
    public void The_same_model_gives_the_same_bytes() => CollectionAssert.AreEqual(Bytes(), Bytes());

    [TestMethod]
    public void A_file_cut_short_is_one_error()
    {
        var bytes = Bytes();
        for (var length = 0; length < bytes.Length; length += 1 + bytes.Length / 32) AssertRefused(bytes[..length], "cut short");
    }

    [TestMethod]
    public void What_is_no_zip_is_refused() => AssertRefused("this is no model"u8.ToArray(), "zip");

    [TestMethod]
    public void A_zip_of_something_else_is_refused()
        => AssertRefused(Edited(zip => zip.GetEntry("manifest.json")!.Delete()), "manifest.json");

    [TestMethod]
    public void A_version_from_the_future_is_refused()
        => AssertRefused(Edited("manifest.json", text => text.Replace("\"version\": 1", "\"version\": 2")), "version 2", "1 to 1", "newer");

    [TestMethod]
    public void An_unknown_kind_is_refused()
        => AssertRefused(Edited("manifest.json", text => text.Replace("\"Mlp\"", "\"Gru\"")), "'Gru'", "Mlp");

    [TestMethod]
    public void Another_format_is_refused()
        => AssertRefused(Edited("manifest.json", text => text.Replace("Focus.MLExtensions model", "Other")), "'Other'");

    [TestMethod]
    public void A_damaged_manifest_is_refused() => AssertRefused(Edited("manifest.json", text => text[..20]), "manifest.json", "damaged");

    [TestMethod]
    public void Missing_weights_are_refused()
        => AssertRefused(Edited(zip => zip.GetEntry("weights.safetensors")!.Delete()), "weights.safetensors");

    [TestMethod]
    public void Weights_that_do_not_fit_the_configuration_are_refused()
        => AssertRefused(Edited("configuration.json", text => text.Replace("\"inputs\": 2", "\"inputs\": 3")), "layers.0.", "[8, 2]", "[8, 3]");

    [TestMethod]
    public void An_impossible_configuration_is_refused()
        => AssertRefused(Edited("configuration.json", text => text.Replace("\"inputs\": 2", "\"inputs\": -2")), "-2 inputs");

    [TestMethod]
    [DataRow(2_000_000_000)]
    [DataRow(1_000_000)]
    public void Widths_without_the_weights_for_them_are_refused_before_memory_is_taken(int width)
        => AssertRefused(Edited("configuration.json", text => text.Replace("8\n", $"{width}, {width}\n")), $"{width}");

    [TestMethod]
    public void A_label_value_that_is_null_is_refused()
        => AssertRefused(
            Edited("configuration.json", text => text.Replace("\"labelValues\": null", "\"labelValues\": {\"type\":\"Int32\",\"texts\":[\"1\",null,\"3\"]}")),
            "label value 1 is null");

    [TestMethod]
    public void A_failed_save_leaves_nothing_half_written()
    {
        Directory.CreateDirectory(folder.File("model.zip"));

        Assert.Throws<Exception>(() => MlContext.Focus.Model.Save(Model, folder.File("model.zip")));

        Assert.IsEmpty(folder.FileNames);
    }

    private static byte[] Bytes()
    {
        using var stream = new MemoryStream();
        MlContext.Focus.Model.Save(Model, stream);
        return stream.ToArray();
    }

    private static byte[] Edited(Action<ZipArchive> edit)
    {
        using var stream = new MemoryStream();
        stream.Write(Bytes());
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true)) edit(zip);
        return stream.ToArray();
    }

    private static byte[] Edited(string name, Func<string, string> edit) => Edited(zip =>
    {
        var entry = zip.GetEntry(name)!;
        string text;
        using (var reader = new StreamReader(entry.Open())) text = reader.ReadToEnd();
        Assert.AreNotEqual(text, edit(text));
        entry.Delete();
        using var writer = new StreamWriter(zip.CreateEntry(name).Open());
        writer.Write(edit(text));
    });

    private void AssertRefused(byte[] bytes, params string[] parts)
    {
        var path = folder.File("model.zip");
        File.WriteAllBytes(path, bytes);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => MlContext.Focus.Model.Load(path));
        StringAssert.Contains(error.Message, path);
        foreach (var part in parts) StringAssert.Contains(error.Message, part);
    }
}
