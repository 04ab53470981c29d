using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Compat.Tests.TorchSharp;

[TestClass]
public class DisposeScopeTests
{
    [TestMethod]
    public void A_scope_disposes_what_was_made_in_it()
    {
        Tensor inner, kept, detached;
        using (var outer = NewDisposeScope())
        {
            using (NewDisposeScope())
            {
                inner = ones(1);
                kept = ones(1).MoveToOuterDisposeScope();
                detached = ones(1).DetachFromDisposeScope();
            }
            Assert.IsTrue(inner.IsInvalid);
            Assert.IsFalse(kept.IsInvalid);
            Assert.IsTrue(outer.Contains(kept));
            Assert.AreEqual(1, outer.DisposablesCount);
        }
        Assert.IsTrue(kept.IsInvalid);
        Assert.IsFalse(detached.IsInvalid);
        detached.Dispose();
    }

    [TestMethod]
    public void Everything_but_one_is_disposed()
    {
        using var scope = NewDisposeScope();
        var a = ones(1);
        var b = scope.DisposeEverythingBut(a + 1);
        Assert.IsTrue(a.IsInvalid);
        Assert.IsFalse(b.IsInvalid);
        scope.DisposeEverything();
        Assert.IsTrue(b.IsInvalid);
    }

    [TestMethod]
    public void Tensors_are_attached_and_moved_between_scopes()
    {
        var made = ones(1);
        using (var scope = NewDisposeScope())
        {
            scope.Attach(made);
            using (var inner = NewDisposeScope()) inner.MoveToOuter(inner.Detach(ones(1)));
            Assert.AreEqual(1, scope.DisposablesCount);
        }
        Assert.IsTrue(made.IsInvalid);
    }

    [TestMethod]
    public void Statistics_count_what_is_alive()
    {
        var statistics = DisposeScopeManager.Statistics;
        var (created, disposed, outside, alive) = (
            statistics.CreatedInScopeCount, statistics.DisposedInScopeCount, statistics.CreatedOutsideScopeCount, statistics.ThreadTotalLiveCount);
        using (NewDisposeScope())
        {
            ones(1).Dispose();
            var _ = ones(1) + 1;
            Assert.AreEqual(created + 3, statistics.CreatedInScopeCount);
            Assert.AreEqual(alive + 2, statistics.ThreadTotalLiveCount);
        }
        Assert.AreEqual(disposed + 3, statistics.DisposedInScopeCount);
        Assert.AreEqual(alive, statistics.ThreadTotalLiveCount);
        ones(1).Dispose();
        Assert.AreEqual(outside + 1, statistics.CreatedOutsideScopeCount);
    }

    [TestMethod]
    public void A_disposed_scope_cannot_be_used()
    {
        var scope = NewDisposeScope();
        scope.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => scope.DisposeEverything());
    }

    [TestMethod]
    public void Scopes_may_end_out_of_order()
    {
        var outer = NewDisposeScope();
        using var inner = NewDisposeScope();
        outer.Dispose();
        var made = ones(1);
        Assert.IsTrue(inner.Contains(made));
    }
}
