using System.Reflection;

namespace Microsoft.ML.Runtime;

/// <summary>The classes a model file may name, found by load name and signature type.</summary>
public sealed class ComponentCatalog
{
    private readonly Dictionary<(string Name, Type Signature), LoadableClassInfo> _classes = [];
    private readonly Lock _lock = new();

    internal ComponentCatalog()
    {
    }

    /// <summary>The class registered under a load name, ignoring case, or null.</summary>
    internal LoadableClassInfo Find(string loadName, Type signature)
    {
        lock (_lock) return _classes.GetValueOrDefault((Normal(loadName), signature));
    }

    internal void Add(LoadableClassAttribute attribute, MethodInfo create) =>
        AddClass(new LoadableClassInfo(attribute, getter: null, ctor: null, create, requireEnvironment: true), attribute.LoadNames, throwOnError: true);

    private void AddClass(LoadableClassInfo info, string[] loadNames, bool throwOnError)
    {
        lock (_lock)
        {
            foreach (var signature in info.SignatureTypes)
            foreach (var name in loadNames)
            {
                if (!_classes.TryAdd((Normal(name), signature), info) && throwOnError)
                    throw new InvalidOperationException($"A class is registered as '{name}' for {signature.Name} already.");
            }
        }
    }

    private static string Normal(string loadName) => (loadName ?? "").ToLowerInvariant().Trim();

    /// <summary>How to create a registered class.</summary>
    internal sealed class LoadableClassInfo
    {
        private readonly MethodInfo _create;
        private readonly bool _requireEnvironment;

        internal LoadableClassInfo(LoadableClassAttributeBase attr, MethodInfo getter, ConstructorInfo ctor, MethodInfo create,
            bool requireEnvironment)
        {
            Type = attr.InstanceType;
            SignatureTypes = attr.SigTypes;
            _create = create;
            _requireEnvironment = requireEnvironment;
        }

        public Type Type { get; }

        public IReadOnlyList<Type> SignatureTypes { get; }

        public object CreateInstance(IHostEnvironment env, object[] extra)
        {
            try
            {
                return _create.Invoke(null, _requireEnvironment ? [env, .. extra] : extra);
            }
            catch (TargetInvocationException error) when (error.InnerException is { } cause && Require.IsMarked(cause))
            {
                throw Require.Mark(new InvalidOperationException($"{Type} could not be loaded: {cause.Message}", error));
            }
        }
    }
}
