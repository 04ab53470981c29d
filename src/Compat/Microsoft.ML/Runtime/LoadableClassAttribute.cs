namespace Microsoft.ML;

/// <summary>Called to load a component from its part of a model file.</summary>
internal delegate void SignatureLoadModel(ModelLoadContext ctx);

/// <summary>Names a class for the <see cref="Runtime.ComponentCatalog"/>.</summary>
internal abstract class LoadableClassAttributeBase(Type instType, Type[] sigTypes, string userName, string[] loadNames) : Attribute
{
    public Type InstanceType { get; } = instType;

    public Type[] SigTypes { get; } = sigTypes;

    public string UserName { get; } = userName;

    public string[] LoadNames { get; } = loadNames is { Length: > 0 } ? loadNames : [userName];
}

/// <summary>A class that the loader of models may create.</summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class LoadableClassAttribute(Type instType, Type argType, Type sigType, string userName, params string[] loadNames)
    : LoadableClassAttributeBase(instType, [sigType], userName, loadNames)
{
    public Type ArgType { get; } = argType;
}
