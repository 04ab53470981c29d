using Microsoft.ML;

namespace Focus.Tests;

[TestClass]
public sealed class FocusCatalogTests
{
    [TestMethod]
    public void Each_context_has_one_catalog()
    {
        MLContext first = new(), second = new();
        var catalog = first.Focus;

        Assert.AreSame(catalog, first.Focus);
        Assert.AreSame(catalog, first.GetFocus());
        Assert.AreNotSame(catalog, second.Focus);
    }

    [TestMethod]
    public void A_context_is_needed() => Assert.ThrowsExactly<ArgumentNullException>(() => ((MLContext)null!).Focus);
}
