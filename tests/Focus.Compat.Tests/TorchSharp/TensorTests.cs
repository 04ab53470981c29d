using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Compat.Tests.TorchSharp;

[TestClass]
public class TensorTests
{
    [TestMethod]
    public void A_new_tensor_says_what_it_is()
    {
        using var x = zeros([2, 3, 4], dtype: float64);
        AssertTensor.HasShape([2, 3, 4], x);
        Assert.AreEqual(3, x.ndim);
        Assert.AreEqual(24, x.numel());
        Assert.AreEqual(4, x.size(-1));
        Assert.AreEqual(8, x.ElementSize);
        Assert.AreEqual(ScalarType.Float64, x.dtype);
        Assert.AreEqual(DeviceType.CPU, x.device_type);
        Assert.AreEqual("cpu", x.device.ToString());
        Assert.AreEqual("[2x3x4], type = Float64, device = cpu", x.ToString());
        CollectionAssert.AreEqual(new long[] { 12, 4, 1 }, x.stride());
    }

    [TestMethod]
    public void Creation_fills_and_types()
    {
        AssertTensor.AreEqual([1, 1], ones(2));
        AssertTensor.AreEqual([3, 3], full([2], 3.0));
        Assert.AreEqual(ScalarType.Int64, full([2], 3).dtype);
        AssertTensor.AreEqual([0, 1, 2], arange(3));
        Assert.AreEqual(ScalarType.Int64, arange(3).dtype);
        AssertTensor.AreEqual([1, 1.5f], arange(1, 2, 0.5));
        Assert.AreEqual(ScalarType.Int32, tensor(new[] { 1 }).dtype);
        Assert.AreEqual(ScalarType.Bool, tensor(new[] { true }).dtype);
        Assert.AreEqual(ScalarType.Float32, tensor(new[] { 1.0 }, dtype: float32).dtype);
        Assert.AreEqual(ScalarType.Float64, zeros_like(tensor(1.0)).dtype);
        AssertTensor.AreEqual([1, 1], ones_like(empty(2)));
        AssertTensor.HasShape([2, 5], empty_like(empty(2, 5)));
        Assert.IsTrue(zeros(2, requires_grad: true).requires_grad);
        Assert.AreEqual(0, tensor(2.5f).ndim);
    }

    [TestMethod]
    public void Bytes_are_the_memory_of_the_tensor()
    {
        using var x = zeros(3);
        MemoryMarshal.Cast<byte, float>(x.bytes)[1] = 5;
        AssertTensor.AreEqual([0, 5, 0], x);
        x.add_(1);
        Assert.AreEqual(6, MemoryMarshal.Cast<byte, float>(x.bytes)[1]);
    }

    [TestMethod]
    public void Bytes_of_a_transposed_tensor_are_refused() =>
        Assert.ThrowsExactly<InvalidOperationException>(() => zeros(2, 3).t().bytes.Length);

    [TestMethod]
    public void Arrays_are_shared_or_copied()
    {
        float[] array = [1, 2];
        using var shared = from_array(array);
        using var copy = tensor(array);
        array[0] = 9;
        AssertTensor.AreEqual([9, 2], shared);
        AssertTensor.AreEqual([1, 2], copy);
        AssertTensor.HasShape([2, 2], from_array(new double[,] { { 1, 2 }, { 3, 4 } }));
        Assert.ThrowsExactly<ArgumentException>(() => tensor(array, [3L]));
    }

    [TestMethod]
    public void Accessors_read_in_row_major_order()
    {
        using var x = tensor(new float[,] { { 1, 2, 3 }, { 4, 5, 6 } });
        CollectionAssert.AreEqual(new float[] { 1, 4, 2, 5, 3, 6 }, x.t().data<float>().ToArray());
        Assert.AreEqual(6, x.data<float>()[1, 2]);
        x.data<float>()[0, 0] = 8;
        var part = new float[2];
        x.data<float>().CopyTo(part);
        CollectionAssert.AreEqual(new float[] { 8, 2 }, part);
        x.data<float>().CopyFrom(new float[] { -1, -2 });
        AssertTensor.AreEqual([-1, -2, 3, 4, 5, 6], x);
        Assert.ThrowsExactly<ArgumentException>(() => x.data<double>());
        Assert.ThrowsExactly<ArgumentException>(() => x.item<float>());
    }

    [TestMethod]
    public void One_element_converts_to_numbers()
    {
        Assert.AreEqual(2.5f, tensor(2.5f).item<float>());
        Assert.AreEqual(2.5, tensor(2.5f).ToDouble());
        Assert.AreEqual(3L, tensor(3).ToInt64());
        Assert.IsTrue(tensor(new[] { true }).ToBoolean());
    }

    [TestMethod]
    public void Views_share_memory_and_reshape()
    {
        using var x = arange(6).to(float32);
        x.view(2, 3)[1].zero_();
        AssertTensor.AreEqual([0, 1, 2, 0, 0, 0], x);
        AssertTensor.HasShape([3, 2], x.reshape(3, -1));
        AssertTensor.HasShape([1, 6], x.unsqueeze(0));
        AssertTensor.HasShape([6], x.unsqueeze(0).squeeze(0));
        AssertTensor.HasShape([6], x.view(1, 6, 1).squeeze());
        AssertTensor.HasShape([3, 2], x.view(2, 3).transpose(0, 1));
        AssertTensor.HasShape([3, 1, 2], x.view(1, 2, 3).permute(2, 0, 1));
        AssertTensor.HasShape([4, 6], x.expand(4, 6));
        AssertTensor.AreEqual([1, 2], x.narrow(0, 1, 2));
        AssertTensor.AreEqual([1, 0], x.slice(0, 1, 5, 2));
        AssertTensor.AreEqual([0, 0], x.view(2, 3).select(1, 0));
        AssertTensor.AreEqual([2, 1], x.index_select(0, tensor(new long[] { 2, 1 })));
        Assert.HasCount(3, x.split(2));
        Assert.IsFalse(x.view(2, 3).t().is_contiguous());
        Assert.IsTrue(x.view(2, 3).t().contiguous().is_contiguous());
    }

    [TestMethod]
    public void Indices_select_slice_and_gather()
    {
        var x = arange(12).view(3, 4);
        AssertTensor.AreEqual([4, 5, 6, 7], x[1]);
        AssertTensor.AreEqual([6], x[TensorIndex.Single(1), 2]);
        AssertTensor.AreEqual([1, 5, 9], x[TensorIndex.Colon, 1]);
        AssertTensor.AreEqual([4, 6, 8, 10], x[TensorIndex.Slice(1), TensorIndex.Slice(step: 2)]);
        AssertTensor.HasShape([3, 1, 4], x[TensorIndex.Colon, TensorIndex.None]);
        AssertTensor.AreEqual([2, 0], x[TensorIndex.Single(0), TensorIndex.Tensor(tensor(new long[] { 2, 0 }))]);
        AssertTensor.AreEqual([3, 4], x.gather(1, tensor(new long[] { 3, 0 }, [2L, 1L])));
    }

    [TestMethod]
    public void Tensors_are_joined_and_chosen()
    {
        AssertTensor.AreEqual([1, 2, 3], cat([tensor(new float[] { 1, 2 }), tensor(new float[] { 3 })]));
        AssertTensor.HasShape([2, 3], stack([zeros(3), ones(3)]));
        AssertTensor.AreEqual([1, -1], where(tensor(new[] { true, false }), ones(2), -ones(2)));
        AssertTensor.AreEqual([1, 0, 1, 1], ones(2, 2).tril());
        AssertTensor.AreEqual([5, 0], zeros(2).masked_fill(tensor(new[] { true, false }), 5));
    }

    [TestMethod]
    public void Copies_are_independent_and_aliases_are_not()
    {
        using var x = ones(2);
        using var copy = x.clone();
        using var alias = x.alias();
        x.mul_(3);
        AssertTensor.AreEqual([1, 1], copy);
        AssertTensor.AreEqual([3, 3], alias);
        AssertTensor.AreEqual([1, 1], x.copy_(copy));
        Assert.AreEqual(ScalarType.Int64, x.to(int64).dtype);
        var moved = ones(1);
        using var converted = moved.to(float64, disposeAfter: true);
        Assert.IsTrue(moved.IsInvalid);
    }

    [TestMethod]
    public void Stored_tensors_are_read_back()
    {
        using var memory = new MemoryStream();
        using var stored = arange(300_000).view(300, 1000).to(float64);
        using (var writer = new BinaryWriter(memory, System.Text.Encoding.UTF8, leaveOpen: true)) stored.Save(writer);
        memory.Position = 0;
        Tensor? read = null;
        TensorExtensionMethods.Load(ref read, new BinaryReader(memory));
        Assert.IsTrue(stored.eq(read!).all().item<bool>());
        memory.Position = 0;
        using var other = zeros(300, 1000);
        Assert.ThrowsExactly<ArgumentException>(() => other.Load(new BinaryReader(memory)));
    }

    [TestMethod]
    public void A_disposed_tensor_is_refused()
    {
        var x = ones(1);
        x.Dispose();
        Assert.IsTrue(x.IsInvalid);
        Assert.ThrowsExactly<InvalidOperationException>(() => x.add(1));
    }
}
