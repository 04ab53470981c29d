using System.Linq;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Mono.Cecil;
using Mono.Cecil.Cil;

/// <summary>Adds to the compiled library what C# cannot say, as the types are internal to ML.NET: the attribute by which ML.NET finds who
/// loads our models, the loader that it names, and interfaces of classifiers and views.</summary>
/// <remarks>
/// In C# it would be
/// <code>
/// [assembly: LoadableClass(typeof(ITransformer), typeof(ModelLoader), null, typeof(SignatureLoadModel), "Focus.MLExtensions model", "FocusModel")]
/// public static class ModelLoader
/// {
///     public static ITransformer Create(IHostEnvironment environment, ModelLoadContext context) => ModelRegistration.Load(environment, context);
/// }
/// </code>
/// At run time the library's IgnoresAccessChecksTo attribute makes the internal types accessible.
/// </remarks>
public sealed class AddModelLoader : Task
{
    private const TypeAttributes PublicStaticClass =
        TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed | TypeAttributes.BeforeFieldInit;

    private const MethodAttributes InterfaceMember = MethodAttributes.Virtual | MethodAttributes.NewSlot | MethodAttributes.Final;

    [Required]
    public string Assembly { get; set; }

    [Required]
    public ITaskItem[] References { get; set; }

    public override bool Execute()
    {
        using (var resolver = new DefaultAssemblyResolver())
        {
            foreach (var folder in References.Select(reference => System.IO.Path.GetDirectoryName(reference.ItemSpec)).Distinct())
                resolver.AddSearchDirectory(folder);
            var parameters = new ReaderParameters { AssemblyResolver = resolver, ReadWrite = true, ReadSymbols = true };
            using (var assembly = AssemblyDefinition.ReadAssembly(Assembly, parameters))
            {
                if (assembly.MainModule.GetType("Focus.ModelLoader") != null) return true;
                Add(assembly.MainModule, resolver.Resolve(AssemblyNameReference.Parse("Microsoft.ML.Core")).MainModule);
                var data = resolver.Resolve(AssemblyNameReference.Parse("Microsoft.ML.Data")).MainModule;
                AddFeatureColumn(assembly.MainModule, data);
                AddOnnxExport(assembly.MainModule.GetType("Focus.MappedDataView"), data);
                assembly.Write(new WriterParameters { WriteSymbols = true });
            }
        }
        return true;
    }

    private static void Add(ModuleDefinition library, ModuleDefinition core)
    {
        var load = library.GetType("Focus.ModelRegistration").Methods.Single(method => method.Name == "Load");
        var loader = new TypeDefinition("Focus", "ModelLoader", PublicStaticClass, library.TypeSystem.Object);
        var create = new MethodDefinition("Create", MethodAttributes.Public | MethodAttributes.Static | MethodAttributes.HideBySig, load.ReturnType);
        create.Parameters.Add(new ParameterDefinition("environment", ParameterAttributes.None, load.Parameters[0].ParameterType));
        create.Parameters.Add(new ParameterDefinition(
            "context", ParameterAttributes.None, library.ImportReference(core.GetType("Microsoft.ML.ModelLoadContext"))));
        var code = create.Body.GetILProcessor();
        code.Emit(OpCodes.Ldarg_0);
        code.Emit(OpCodes.Ldarg_1);
        code.Emit(OpCodes.Call, load);
        code.Emit(OpCodes.Ret);
        loader.Methods.Add(create);
        library.Types.Add(loader);
        library.Assembly.CustomAttributes.Add(LoadableClass(library, core, load.ReturnType, loader));
    }

    /// <summary>Lets PermutationFeatureImportance find the model in a chain: <c>MlpTransformer : ISingleFeaturePredictionTransformer</c>, whose one
    /// member it has.</summary>
    private static void AddFeatureColumn(ModuleDefinition library, ModuleDefinition data)
        => library.GetType("Focus.MlpTransformer").Interfaces.Add(
            new InterfaceImplementation(library.ImportReference(data.GetType("Microsoft.ML.ISingleFeaturePredictionTransformer"))));

    /// <summary>Lets ConvertToOnnx walk through a view and export it: <c>MappedDataView : ITransformCanSaveOnnx</c>, whose members pass on to those of
    /// the same names that take an object.</summary>
    private static void AddOnnxExport(TypeDefinition view, ModuleDefinition data)
    {
        foreach (var name in new[] { "Data.IDataTransform", "Model.OnnxConverter.ITransformCanSaveOnnx", "Model.OnnxConverter.ISaveAsOnnx", "Model.OnnxConverter.ICanSaveOnnx" })
            view.Interfaces.Add(new InterfaceImplementation(view.Module.ImportReference(data.GetType("Microsoft.ML." + name))));
        view.Methods.Single(method => method.Name == "get_Source").Attributes |= InterfaceMember;
        var context = view.Module.ImportReference(data.GetType("Microsoft.ML.Model.OnnxConverter.OnnxContext"));
        foreach (var target in view.Methods.Where(method => method.Name == "CanSaveOnnx" || method.Name == "SaveAsOnnx").ToArray())
        {
            var member = new MethodDefinition(target.Name, MethodAttributes.Public | MethodAttributes.HideBySig | InterfaceMember, target.ReturnType);
            member.Parameters.Add(new ParameterDefinition("context", ParameterAttributes.None, context));
            var code = member.Body.GetILProcessor();
            code.Emit(OpCodes.Ldarg_0);
            code.Emit(OpCodes.Ldarg_1);
            code.Emit(OpCodes.Call, target);
            code.Emit(OpCodes.Ret);
            view.Methods.Add(member);
        }
    }

    private static CustomAttribute LoadableClass(ModuleDefinition library, ModuleDefinition core, TypeReference instance, TypeReference loader)
    {
        // The constructor (instance type, loader type, argument type, signature type, user name, load names).
        var constructor = core.GetType("Microsoft.ML.LoadableClassAttribute").Methods.Single(
            method => method.IsConstructor && method.Parameters.Count == 6 && method.Parameters.Take(4).All(p => p.ParameterType.FullName == "System.Type"));
        var type = library.ImportReference(constructor.Parameters[0].ParameterType);
        var text = library.TypeSystem.String;
        var attribute = new CustomAttribute(library.ImportReference(constructor));
        attribute.ConstructorArguments.Add(new CustomAttributeArgument(type, instance));
        attribute.ConstructorArguments.Add(new CustomAttributeArgument(type, loader));
        attribute.ConstructorArguments.Add(new CustomAttributeArgument(type, null));
        attribute.ConstructorArguments.Add(new CustomAttributeArgument(type, library.ImportReference(core.GetType("Microsoft.ML.SignatureLoadModel"))));
        attribute.ConstructorArguments.Add(new CustomAttributeArgument(text, "Focus.MLExtensions model"));
        attribute.ConstructorArguments.Add(new CustomAttributeArgument(
            new ArrayType(text), new[] { new CustomAttributeArgument(text, "FocusModel") }));
        return attribute;
    }
}
