namespace Microsoft.ML.Runtime;

/// <summary>A named place that messages and exceptions come from.</summary>
internal abstract class MessageSource(string name, string parent) : IExceptionContext
{
    public string Name { get; } = name;

    public string FullName { get; } = string.IsNullOrEmpty(parent) ? name : $"{parent}; {name}";

    public virtual string ContextDescription => FullName;

    public virtual TException Process<TException>(TException ex) where TException : Exception
    {
        if (ex is null) return null;
        ex.Data["Throwing component"] = Name;
        return Require.Mark(ex);
    }
}
