using System.Reflection;
using Focus.Tests;

namespace Focus.Compat.Tests;

/// <summary>Whatever compiles against the stand-ins must compile against the official libraries.</summary>
[TestClass]
public class ApiSubsetTest
{
    private static readonly string[] _listings =
        ["reference/Microsoft.ML-5.0.0.api.txt", "reference/Microsoft.ML.Tokenizers-2.0.0.api.txt", "reference/TorchSharp-0.102.api.txt"];

    [TestMethod]
    public void StandInsHaveOnlyMembersOfTheOfficialApi()
    {
        var official = _listings.SelectMany(listing => File.ReadLines(SharedData.Require(listing))).ToHashSet();
        var offending = StandIns().SelectMany(ApiListing.Of).Where(line => !official.Contains(line)).Order().ToArray();

        Assert.IsEmpty(offending, $"These are not in the official API:{Environment.NewLine}{string.Join(Environment.NewLine, offending)}");
    }

    [TestMethod]
    public void ListingHasTheFormOfTheReference()
    {
        StandIns();
        string[] expected =
        [
            "Microsoft.ML.Data.VBufferEditor<T> : struct",
            "Microsoft.ML.Data.VBufferEditor<T> :: System.Span<T> Values",
            "Microsoft.ML.DataViewRow :: Microsoft.ML.ValueGetter<TValue> GetGetter<TValue>(Microsoft.ML.DataViewSchema.Column column)",
            "Microsoft.ML.DataViewSchema :: Microsoft.ML.DataViewSchema.Column Item[System.Int32 columnIndex] get",
            "Microsoft.ML.MLContext :: .ctor(System.Nullable<System.Int32> seed =)",
            "Microsoft.ML.MLContext :: event System.EventHandler<Microsoft.ML.LoggingEventArgs> Log",
            "Microsoft.ML.ModelOperationsCatalog :: Microsoft.ML.ITransformer Load(System.IO.Stream stream, out Microsoft.ML.DataViewSchema inputSchema)",
        ];

        CollectionAssert.IsSubsetOf(expected, ApiListing.Of(typeof(Microsoft.ML.MLContext).Assembly).ToArray());
    }

    private static Assembly[] StandIns()
    {
        var own = Assembly.GetExecutingAssembly().GetName().Name;
        var names = Directory.GetFiles(AppContext.BaseDirectory, "Focus.Compat.*.dll").Select(Path.GetFileNameWithoutExtension).Where(name => name != own).ToArray();
        if (names.Length == 0) Assert.Inconclusive("Skipped: the official libraries are in use, not the stand-ins.");
        return Array.ConvertAll(names, name => Assembly.Load(name!));
    }
}
