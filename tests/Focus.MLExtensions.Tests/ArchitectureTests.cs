using Mono.Cecil;

namespace Focus.Tests;

/// <summary>Which way dependencies point, by the folders of the sources, and which names are taken.</summary>
[TestClass]
public sealed class ArchitectureTests
{
    /// <summary>The folders that each folder may use besides its own and IO.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["IO"] = [],
        ["Scans"] = [],
        ["Landscapes"] = ["Optimizers", "Scans"],
        ["Text"] = [],
        ["Optimizers"] = ["Training"],
        ["Models"] = ["Optimizers", "Training"],
        ["Distributed"] = ["Optimizers", "Training"],
        ["Training"] = ["Distributed", "Models", "Optimizers", "Text"],
        ["MLNet"] = ["Distributed", "Landscapes", "Models", "Optimizers", "Scans", "Text", "Training"],
    };

    private static readonly string[] WithoutTorch = ["IO", "Scans", "Landscapes", "Text"];

    [TestMethod]
    public void FoldersUseOnlyTheFoldersBelowThem()
    {
        var wrong =
            from dependency in Dependencies()
            where dependency.To is not null && dependency.To != dependency.From && dependency.To != "IO"
                && !Allowed[dependency.From].Contains(dependency.To)
            select $"{dependency.From}: {dependency.User} uses {dependency.Used} of {dependency.To}";
        Assert.AreEqual("", string.Join('\n', wrong.Distinct()));
        CollectionAssert.AreEquivalent(Allowed.Keys, Dependencies().Select(dependency => dependency.From).Distinct().ToArray());
    }

    [TestMethod]
    public void OnlyTheFolderMLNetUsesMicrosoftMLAndDataFoldersUseNoTorch()
    {
        var wrong =
            from dependency in Dependencies()
            where (dependency.Assembly.StartsWith("Microsoft.ML", StringComparison.Ordinal)
                    && dependency.Assembly != "Microsoft.ML.Tokenizers" && dependency.From != "MLNet")
                || (dependency.Assembly == "TorchSharp" && WithoutTorch.Contains(dependency.From))
            select $"{dependency.From}: {dependency.User} uses {dependency.Used} of {dependency.Assembly}";
        Assert.AreEqual("", string.Join('\n', wrong.Distinct()));
    }

    [TestMethod]
    public void NoPublicTypeHasTheNameOfOneOfTorchSharpsOrMLNets()
    {
        var taken = new[] { typeof(TorchSharp.torch), typeof(Microsoft.ML.MLContext), typeof(Microsoft.ML.IDataView), typeof(Microsoft.ML.Data.TextLoader) }
            .Select(type => type.Assembly).Distinct()
            .SelectMany(assembly => assembly.GetExportedTypes()).Select(type => type.Name).ToHashSet();
        var ours = typeof(FocusOptions).Assembly.GetExportedTypes().Where(type => !type.IsNested).Select(type => type.Name);
        Assert.AreEqual("", string.Join(", ", ours.Where(taken.Contains)));
    }

    /// <summary>Every use of a type by another, with the folders in which the two are written.</summary>
    private static List<(string From, string User, string? To, string Used, string Assembly)> Dependencies()
    {
        var path = typeof(FocusOptions).Assembly.Location;
        using var assembly = AssemblyDefinition.ReadAssembly(path, new ReaderParameters { ReadSymbols = true });
        var types = assembly.MainModule.GetTypes().ToList();
        var folders = types.ToDictionary(type => type.FullName, Folder);
        var uses = new List<(string, string, string?, string, string)>();
        foreach (var type in types)
        {
            if (folders[type.FullName] is not { } from) continue;
            foreach (var used in Used(type).Select(reference => reference.GetElementType()).Where(reference => !reference.IsGenericParameter))
            {
                var scope = used.Scope is AssemblyNameReference reference ? reference.Name : assembly.Name.Name;
                uses.Add((from, type.FullName, folders.GetValueOrDefault(used.FullName), used.FullName, scope));
            }
        }
        return uses;
    }

    private static IEnumerable<TypeReference> Used(TypeDefinition type)
    {
        if (type.BaseType is { } parent) yield return parent;
        foreach (var contract in type.Interfaces) yield return contract.InterfaceType;
        foreach (var field in type.Fields) yield return field.FieldType;
        foreach (var method in type.Methods)
        {
            yield return method.ReturnType;
            foreach (var parameter in method.Parameters) yield return parameter.ParameterType;
            if (!method.HasBody) continue;
            foreach (var instruction in method.Body.Instructions)
                if (instruction.Operand is TypeReference reference) yield return reference;
                else if (instruction.Operand is MemberReference { DeclaringType: { } declaring }) yield return declaring;
        }
    }

    /// <summary>The folder of the file that a type, or else the one it is nested in, has code in; null for types without any.</summary>
    private static string? Folder(TypeDefinition type)
    {
        var document = type.Methods.SelectMany(method => method.DebugInformation.SequencePoints).FirstOrDefault()?.Document.Url;
        if (document is null) return type.DeclaringType is null ? null : Folder(type.DeclaringType);
        var folders = document.Split('/', '\\');
        var root = Array.LastIndexOf(folders, "Focus.MLExtensions");
        return root >= 0 && root + 2 < folders.Length && Allowed.ContainsKey(folders[root + 1]) ? folders[root + 1] : null;
    }
}
