using System.Reflection;

namespace Focus.Compat.Tests;

/// <summary>The public and protected API of an assembly, one line for each type and member, in the form of the reference
/// listings.</summary>
internal static class ApiListing
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static IEnumerable<string> Of(Assembly assembly) => assembly.GetExportedTypes().SelectMany(type =>
        Members(type).Select(member => $"{Name(type)} :: {member}").Prepend($"{Name(type)} : {Kind(type)}"));

    private static IEnumerable<string> Members(Type type)
    {
        var constructors = type.GetConstructors(Declared).Where(IsVisible).Select(c => $".ctor({Parameters(c.GetParameters())})");
        var methods = type.GetMethods(Declared).Where(m => m.IsSpecialName ? m.Name.StartsWith("op_") : IsVisible(m))
            .Select(m => $"{Static(m)}{Name(m.ReturnType)} {m.Name}{Arguments(m.IsGenericMethod ? m.GetGenericArguments() : [])}({Parameters(m.GetParameters())})");
        var properties = type.GetProperties(Declared).SelectMany(Accessors);
        var fields = type.GetFields(Declared).Where(f => f.IsPublic || f.IsFamily || f.IsFamilyOrAssembly)
            .Select(f => $"{(f.IsStatic ? "static " : "")}{Name(f.FieldType)} {f.Name}");
        var events = type.GetEvents(Declared).Where(e => e.AddMethod is { } add && IsVisible(add))
            .Select(e => $"event {Name(e.EventHandlerType!)} {e.Name}");
        return [.. constructors, .. methods, .. properties, .. fields, .. events];
    }

    private static IEnumerable<string> Accessors(PropertyInfo property)
    {
        var get = property.GetMethod is { } getter && IsVisible(getter) ? getter : null;
        var set = property.SetMethod is { } setter && IsVisible(setter) ? setter : null;
        var index = property.GetIndexParameters() is { Length: > 0 } parameters
            ? $"[{string.Join(", ", parameters.Select(p => $"{Name(p.ParameterType)} {p.Name}"))}]"
            : "";
        if (get is not null) yield return $"{Static(get)}{Name(property.PropertyType)} {property.Name}{index} get";
        if (set is not null) yield return $"{Static(set)}{Name(property.PropertyType)} {property.Name}{index} set";
    }

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Kind(Type type) => type switch
    {
        { IsInterface: true } => "interface",
        { IsEnum: true } => "enum",
        { IsValueType: true } => "struct",
        _ when type.IsAssignableTo(typeof(Delegate)) => "delegate",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        _ => "class",
    };

    private static string Static(MethodBase method) => method.IsStatic ? "static " : "";

    private static string Parameters(ParameterInfo[] parameters) => string.Join(", ", parameters.Select(p =>
    {
        var passing = p.IsOut ? "out " : !p.ParameterType.IsByRef ? "" : p.IsIn ? "in " : "ref ";
        return $"{passing}{Name(p.ParameterType)} {p.Name}{(p.HasDefaultValue ? " =" : "")}";
    }));

    private static string Arguments(IEnumerable<Type> types) => types.Any() ? $"<{string.Join(", ", types.Select(Name))}>" : "";

    private static string Name(Type type)
    {
        if (type.IsByRef) return Name(type.GetElementType()!);
        if (type.IsArray) return $"{Name(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        if (type.IsPointer) return $"{Name(type.GetElementType()!)}*";
        if (type.IsGenericParameter) return type.Name;

        var outer = type.DeclaringType;
        var prefix = outer is not null ? $"{Name(outer)}." : type.Namespace is { } space ? $"{space}." : "";
        return prefix + type.Name.Split('`')[0] + Arguments(type.GetGenericArguments().Skip(outer?.GetGenericArguments().Length ?? 0));
    }
}
