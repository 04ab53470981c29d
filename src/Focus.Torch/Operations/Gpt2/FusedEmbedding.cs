using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Focus;

/// <summary>The rows of a table, whose gradient is added to those rows alone, for float32 on the CPU.</summary>
internal sealed class FusedEmbedding : autograd.SingleTensorFunction<FusedEmbedding>
{
    private const string Table = "table";

    public override string Name => nameof(FusedEmbedding);

    public static bool CanTake(Tensor ids, Parameter table)
        => table.IsSpannable() && TensorMemory.FitSpan(ids.numel() * table.shape[1])
            && ids.is_contiguous() && ids.device_type == DeviceType.CPU && ids.dtype == ScalarType.Int64;

    public static Tensor Apply(Tensor ids, Parameter table) => apply(table, ids, new UntrackedParameter(table));

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (table, ids) = ((Tensor)vars[0], (Tensor)vars[1]);
        ctx.save_for_backward([ids]);
        ctx.save_data(Table, vars[2]);
        return table.index_select(0, ids.view(-1)).view([.. ids.shape, table.shape[1]]);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor outputGradient)
    {
        using var scope = NewDisposeScope();
        var ids = MemoryMarshal.Cast<byte, long>(ctx.get_saved_variables()[0].bytes);
        var parameter = ((UntrackedParameter)ctx.get_data(Table)).Parameter;
        if (parameter.grad is null) parameter.grad = zeros_like(parameter);
        var width = (int)parameter.shape[1];
        Span<float> rows = outputGradient.contiguous().Floats(), gradient = parameter.grad!.Floats();
        for (var i = 0; i < ids.Length; i++)
        {
            var row = gradient.Slice((int)ids[i] * width, width);
            TensorPrimitives.Add(row, rows.Slice(i * width, width), row);
        }
        return [null!, null!, null!];
    }
}
