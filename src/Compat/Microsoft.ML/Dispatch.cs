using System.Reflection;

namespace Microsoft.ML;

/// <summary>Calls a generic method with a type that is known only at run time.</summary>
internal static class Dispatch
{
    /// <summary>Calls <paramref name="method"/> of <paramref name="owner"/>, on <paramref name="target"/> unless it is static.</summary>
    public static TResult Call<TResult>(Type owner, object target, string method, Type typeArgument, params object[] arguments) =>
        Call<TResult>(owner, target, method, [typeArgument], arguments);

    public static TResult Call<TResult>(Type owner, object target, string method, Type[] typeArguments, params object[] arguments)
    {
        const BindingFlags any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        return (TResult)owner.GetMethod(method, any)!.MakeGenericMethod(typeArguments)
            .Invoke(target, BindingFlags.DoNotWrapExceptions, binder: null, arguments, culture: null);
    }
}
