using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Focus;

/// <summary>Internal members of ML.NET that model files and pipelines need, called by reflection.</summary>
/// <remarks>
/// Everything of that kind is here. ML.NET 5.0.1 has all of it; users have asked for a public way since 2020 (dotnet/machinelearning issues
/// 4911 and 6839).
/// </remarks>
internal sealed class MlNetInternals
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
    private const BindingFlags Static = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly Lazy<MlNetInternals> Shared = new(() => new MlNetInternals(
        [typeof(MLContext).Assembly, typeof(ComponentCatalog).Assembly, typeof(ModelSaveContext).Assembly, typeof(SchemaShape).Assembly]));

    private readonly Assembly[] assemblies;
    private readonly ConstructorInfo newVersionInfo;
    private readonly MethodInfo setVersionInfo, saveBinaryStream, tryLoadBinaryStream, createSchemaShape, environmentOf, isCanceled;
    private readonly MethodInfo hasOnnxColumn, onnxVariable, addOnnxVariable, addOnnxFloats, addOnnxIntegers, onnxNodeName, createOnnxNode, addOnnxInteger, addOnnxType;

    public MlNetInternals(Assembly[] assemblies)
    {
        this.assemblies = [.. assemblies.Distinct()];
        var versionInfo = Type("Microsoft.ML.VersionInfo");
        var saveContext = Type("Microsoft.ML.ModelSaveContext");
        var loadContext = Type("Microsoft.ML.ModelLoadContext");

        newVersionInfo = Constructor(
            versionInfo, typeof(string), typeof(uint), typeof(uint), typeof(uint), typeof(string), typeof(string), typeof(string));
        setVersionInfo = Method(saveContext, "SetVersionInfo", Instance, versionInfo);
        saveBinaryStream = Method(saveContext, "SaveBinaryStream", Instance, typeof(string), typeof(Action<BinaryWriter>));
        tryLoadBinaryStream = Method(loadContext, "TryLoadBinaryStream", Instance, typeof(string), typeof(Action<BinaryReader>));
        isCanceled = Method(Type("Microsoft.ML.Runtime.ICancelable"), "get_IsCanceled", Instance);
        environmentOf = Method(Type("Microsoft.ML.Data.IInternalCatalog"), "get_Environment", Instance);
        var onnx = Type("Microsoft.ML.Model.OnnxConverter.OnnxContext");
        var onnxNode = Type("Microsoft.ML.Model.OnnxConverter.OnnxNode");
        hasOnnxColumn = Method(onnx, "ContainsColumn", Instance, typeof(string));
        onnxVariable = Method(onnx, "GetVariableName", Instance, typeof(string));
        addOnnxVariable = Method(onnx, "AddIntermediateVariable", Instance, typeof(DataViewType), typeof(string), typeof(bool));
        addOnnxFloats = Method(onnx, "AddInitializer", Instance, typeof(IEnumerable<float>), typeof(IEnumerable<long>), typeof(string), typeof(bool));
        addOnnxIntegers = Method(onnx, "AddInitializer", Instance, typeof(IEnumerable<long>), typeof(IEnumerable<long>), typeof(string), typeof(bool));
        onnxNodeName = Method(onnx, "GetNodeName", Instance, typeof(string));
        createOnnxNode = Method(
            onnx, "CreateNode", Instance, typeof(string), typeof(IEnumerable<string>), typeof(IEnumerable<string>), typeof(string), typeof(string));
        addOnnxInteger = Method(onnxNode, "AddAttribute", Instance, typeof(string), typeof(long));
        addOnnxType = Method(onnxNode, "AddAttribute", Instance, typeof(string), typeof(Type));
        createSchemaShape = Method(Type("Microsoft.ML.SchemaShape"), "Create", Static, typeof(DataViewSchema));
    }

    public static MlNetInternals Current => Shared.Value;

    /// <summary>Writes into a component's folder of a model file who can load it.</summary>
    public void SetVersionInfo(ModelSaveContext context, string modelSignature, uint version, string loaderAssembly, string loaderSignature)
        => Call(setVersionInfo, context, Call(newVersionInfo, modelSignature, version, version, version, loaderAssembly, loaderSignature, null));

    /// <summary>Writes a stream into a component's folder of a model file.</summary>
    public void SaveBinaryStream(ModelSaveContext context, string name, Action<BinaryWriter> write) => Call(saveBinaryStream, context, name, write);

    /// <summary>Reads a stream from a component's folder of a model file; false where there is none.</summary>
    public bool TryLoadBinaryStream(object context, string name, Action<BinaryReader> read) => (bool)Call(tryLoadBinaryStream, context, name, read)!;

    /// <summary>The shape of a schema, hidden columns left out.</summary>
    public SchemaShape CreateSchemaShape(DataViewSchema schema) => (SchemaShape)Call(createSchemaShape, null, schema)!;

    /// <summary>The context that a catalog such as <c>mlContext.MulticlassClassification.Trainers</c> belongs to.</summary>
    public IHostEnvironment EnvironmentOf(object catalog) => (IHostEnvironment)Call(environmentOf, catalog)!;

    /// <summary>Whether a host's context was told to cancel what it executes.</summary>
    public bool IsCanceled(IHost host) => (bool)Call(isCanceled, host)!;

    /// <summary>The variable of an ONNX graph that holds a column, or null.</summary>
    public string? OnnxVariable(object context, string column) => (bool)Call(hasOnnxColumn, context, column)! ? (string)Call(onnxVariable, context, column)! : null;

    /// <summary>Adds a variable to an ONNX graph, which stands for the column of its name from now on.</summary>
    public string AddOnnxVariable(object context, DataViewType type, string name) => (string)Call(addOnnxVariable, context, type, name, false)!;

    /// <summary>Adds a constant to an ONNX graph.</summary>
    public string AddOnnxConstant(object context, string name, IEnumerable<float> values, params long[] shape)
        => (string)Call(addOnnxFloats, context, values, shape, name, true)!;

    /// <inheritdoc cref="AddOnnxConstant(object, string, IEnumerable{float}, long[])"/>
    public string AddOnnxConstant(object context, string name, IEnumerable<long> values, params long[] shape)
        => (string)Call(addOnnxIntegers, context, values, shape, name, true)!;

    /// <summary>Adds an operation of ONNX's own to a graph.</summary>
    public void AddOnnxNode(object context, string operation, string[] inputs, string output, params (string Name, object Value)[] attributes)
    {
        var name = Call(onnxNodeName, context, operation);
        var node = Call(createOnnxNode, context, operation, inputs, new[] { output }, name, "")!;
        foreach (var (attribute, value) in attributes) Call(value is System.Type ? addOnnxType : addOnnxInteger, node, attribute, value);
    }

    private static object? Call(MethodInfo method, object? target, params object?[] arguments)
        => method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, null);

    private static object Call(ConstructorInfo constructor, params object?[] arguments)
        => constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, arguments, null);

    private System.Type Type(string name)
        => assemblies.Select(assembly => assembly.GetType(name)).FirstOrDefault(type => type is not null) ?? throw Missing(name);

    private MethodInfo Method(Type type, string name, BindingFlags flags, params Type[] parameters)
        => type.GetMethod(name, flags, parameters) ?? throw Missing($"{type.FullName}.{name}");

    private ConstructorInfo Constructor(Type type, params Type[] parameters)
        => type.GetConstructor(Instance, parameters) ?? throw Missing($"{type.FullName}'s constructor");

    private NotSupportedException Missing(string member) => new(
        $"{string.Join(", ", assemblies.Select(assembly => assembly.GetName()))} has no {member}, which this library needs to take part in " +
        "ML.NET's model files and estimator chains. Train with the estimator's own Fit, and save and load with mlContext.Focus.Model.Save and Load, " +
        "which need nothing of ML.NET's internals.");
}
