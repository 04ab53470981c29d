using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Focus.Compat.Tests;

/// <summary>The internals by which a transformer from outside ML.NET saves itself and is loaded.</summary>
internal static class Persistence
{
    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly Assembly _core = typeof(ModelSaveContext).Assembly;

    public static object Version(string loadName, uint written = 0x00010001, uint readable = 0x00010001) => Activator.CreateInstance(
        Core("VersionInfo"), Any, null, ["TESTMODL", written, readable, 0x00010001u, typeof(Persistence).Assembly.FullName, loadName, null], null)!;

    public static void SetVersion(ModelSaveContext context, object version) => Call(context, "SetVersionInfo", version);

    public static void Save(ModelSaveContext context, string name, Action<BinaryWriter> write) => Call(context, "SaveBinaryStream", name, write);

    public static void CheckVersion(object context, object version) => Call(context, "CheckVersionInfo", version);

    public static bool Load(object context, string name, Action<BinaryReader> read) => (bool)Call(context, "TryLoadBinaryStream", name, read)!;

    /// <summary>Registers a static method Create(IHostEnvironment, object) as the loader of a name.</summary>
    public static void Register(ComponentCatalog catalog, Type type, string loadName, Delegate create)
    {
        var attribute = Core("LoadableClassAttribute").GetConstructor([typeof(Type), typeof(Type), typeof(Type), typeof(string), typeof(string[])])!
            .Invoke([type, null, Core("SignatureLoadModel"), loadName, new[] { loadName }]);
        var info = Activator.CreateInstance(typeof(ComponentCatalog).GetNestedType("LoadableClassInfo", Any)!, Any, null,
            [attribute, null, null, create.Method, true], null);
        Call(catalog, "AddClass", info!, new[] { loadName }, false);
    }

    public static SchemaShape Shape(DataViewSchema schema) => (SchemaShape)typeof(SchemaShape).GetMethod("Create", Any)!.Invoke(null, [schema])!;

    private static Type Core(string name) => _core.GetType($"Microsoft.ML.{name}", throwOnError: true)!;

    private static object? Call(object target, string method, params object[] arguments) =>
        target.GetType().GetMethod(method, Any, Array.ConvertAll(arguments, argument => argument.GetType()))!
            .Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, null);
}
