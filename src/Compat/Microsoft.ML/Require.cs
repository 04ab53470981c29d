using System.Diagnostics.CodeAnalysis;

namespace Microsoft.ML;

/// <summary>Argument and format checks that throw the exception types the official library throws.</summary>
internal static class Require
{
    private const string MarkKey = "ML_IsMarked";

    /// <summary>A parameter out of its valid range, or a schema that does not fit.</summary>
    public static void Argument([DoesNotReturnIf(false)] bool condition, string parameter, string message)
    {
        if (!condition) throw Mark(new ArgumentOutOfRangeException(parameter, message));
    }

    /// <summary>Bytes of a model file that cannot be what they should be.</summary>
    public static void Format([DoesNotReturnIf(false)] bool condition, string message)
    {
        if (!condition) throw Mark(new FormatException(message));
    }

    /// <summary>A name that must not be null or empty.</summary>
    public static void Name(string name, string parameter) => Argument(!string.IsNullOrEmpty(name), parameter, "A name is not empty.");

    /// <summary>A column that is missing or of the wrong type.</summary>
    public static ArgumentOutOfRangeException SchemaMismatch(string parameter, string role, string column, string expected, string found) =>
        Mark(new ArgumentOutOfRangeException(parameter, $"The schema does not fit {role} column '{column}': expected {expected}, found {found}."));

    /// <summary>A column that the schema lacks.</summary>
    public static ArgumentOutOfRangeException MissingColumn(string parameter, string role, string column) =>
        Mark(new ArgumentOutOfRangeException(parameter, $"Could not find {role} column '{column}' in the schema."));

    /// <summary>Tells an expected error from an accident.</summary>
    public static TException Mark<TException>(TException error) where TException : Exception
    {
        error.Data[MarkKey] = true;
        return error;
    }

    public static bool IsMarked(Exception error) => error.Data.Contains(MarkKey);
}
