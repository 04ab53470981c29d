using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>An ONNX graph that ML.NET is making of a pipeline, to which a transformer adds its part; its variables are matrices with a row for each row
/// of data.</summary>
/// <param name="context">ML.NET's <c>OnnxContext</c>.</param>
/// <param name="scope">A name of the transformer's own, which those of its variables begin with: ML.NET takes each for a column.</param>
internal sealed class OnnxGraph(object context, string scope)
{
    /// <summary>The variable of a column.</summary>
    /// <exception cref="InvalidOperationException">The graph does not have it.</exception>
    public string Column(string name) => MlNetInternals.Current.OnnxVariable(context, name) ?? throw new InvalidOperationException(
        $"The ONNX graph has no column '{name}': a transform that makes it or comes before it cannot be exported.");

    /// <summary>Adds a column.</summary>
    public string AddColumn(DataViewSchema.DetachedColumn column, string operation, string[] inputs, params (string Name, object Value)[] attributes)
        => Add(column.Type, column.Name, operation, inputs, attributes);

    /// <summary>input · weightᵀ + bias.</summary>
    public string Linear(string input, float[] weight, float[] bias)
    {
        var internals = MlNetInternals.Current;
        var weightName = internals.AddOnnxConstant(context, $"{scope}.weight", weight, bias.Length, weight.Length / bias.Length);
        return AddMatrix(bias.Length, "Gemm", [input, weightName, internals.AddOnnxConstant(context, $"{scope}.bias", bias, bias.Length)], ("transB", 1L));
    }

    /// <summary>max(input, 0).</summary>
    public string Relu(string input, int width) => AddMatrix(width, "Relu", [input]);

    /// <summary>Adds a key column: the number of the largest value in each row, from 1.</summary>
    public void AddLargest(DataViewSchema.DetachedColumn key, string input)
    {
        var index = Add(NumberDataViewType.Int64, $"{scope}.index", "ArgMax", [input], ("axis", 1L), ("keepdims", 1L));
        var one = MlNetInternals.Current.AddOnnxConstant(context, $"{scope}.one", [1L], 1);
        AddColumn(key, "Cast", [Add(NumberDataViewType.Int64, $"{scope}.number", "Add", [index, one])], ("to", key.Type.RawType));
    }

    private string AddMatrix(int width, string operation, string[] inputs, params (string Name, object Value)[] attributes)
        => Add(new VectorDataViewType(NumberDataViewType.Single, width), $"{scope}.{operation}", operation, inputs, attributes);

    private string Add(DataViewType type, string name, string operation, string[] inputs, params (string Name, object Value)[] attributes)
    {
        var output = MlNetInternals.Current.AddOnnxVariable(context, type, name);
        MlNetInternals.Current.AddOnnxNode(context, operation, inputs, output, attributes);
        return output;
    }
}
