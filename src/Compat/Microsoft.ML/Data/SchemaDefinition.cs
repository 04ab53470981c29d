using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>Which columns the members of a class are.</summary>
public sealed class SchemaDefinition : List<SchemaDefinition.Column>
{
    private SchemaDefinition()
    {
    }

    /// <summary>Which members count: those that can be read, or those that can be written.</summary>
    [Flags]
    public enum Direction
    {
        Read = 1,
        Write = 2,
        Both = Read | Write,
    }

    public Column this[string columnName]
    {
        get => Find(column => column.ColumnName == columnName);
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            Require.Argument(value.ColumnName == columnName, nameof(columnName), $"The column is named '{value.ColumnName}', not '{columnName}'.");
            var index = FindIndex(column => column.ColumnName == columnName);
            if (index < 0) Add(value);
            else this[index] = value;
        }
    }

    public static SchemaDefinition Create(Type userType, Direction direction = Direction.Both)
    {
        ArgumentNullException.ThrowIfNull(userType);
        var definition = new SchemaDefinition();
        foreach (var member in ColumnMember.Of(userType, direction))
        {
            var name = member.Info.GetCustomAttribute<ColumnNameAttribute>()?.Name ?? member.Info.Name;
            Require.Argument(definition[name] is null, nameof(userType), $"{userType} has two members for column '{name}'.");
            definition.Add(new Column(member.Info.Name, name, member.InferColumnType()));
        }

        return definition;
    }

    /// <summary>The column that a member is.</summary>
    public sealed class Column
    {
        private readonly List<(string Kind, DataViewType Type, Delegate Getter)> _annotations = [];

        internal Column(string memberName, string columnName, DataViewType columnType)
        {
            MemberName = memberName;
            ColumnName = columnName;
            ColumnType = columnType;
        }

        public string MemberName { get; }

        public string ColumnName { get; set; }

        public DataViewType ColumnType { get; set; }

        public DataViewSchema.Annotations Annotations
        {
            get
            {
                var builder = new DataViewSchema.Annotations.Builder();
                foreach (var (kind, type, getter) in _annotations) builder.Add(kind, type, getter);
                return builder.ToAnnotations();
            }
        }

        public void AddAnnotation<T>(string kind, T value, DataViewType annotationType)
        {
            ArgumentNullException.ThrowIfNull(kind);
            ArgumentNullException.ThrowIfNull(annotationType);
            if (_annotations.Exists(annotation => annotation.Kind == kind))
                throw new InvalidOperationException($"Column '{ColumnName}' has an annotation '{kind}' already.");
            _annotations.Add((kind, annotationType, MemberGetters.Make<object>(typeof(T), (Func<object, T>)(_ => value), annotationType, () => null)));
        }

        internal void SetAnnotations(DataViewSchema.Annotations annotations)
        {
            foreach (var column in annotations.Schema)
            {
                _annotations.RemoveAll(annotation => annotation.Kind == column.Name);
                _annotations.Add((column.Name, column.Type,
                    Dispatch.Call<Delegate>(typeof(DataViewSchema.Annotations), annotations, nameof(annotations.GetGetter), column.Type.RawType, column)));
            }
        }
    }
}
