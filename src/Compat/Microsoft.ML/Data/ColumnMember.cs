using System.Linq.Expressions;
using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>A field or property that is a column.</summary>
internal sealed class ColumnMember
{
    private ColumnMember(MemberInfo info)
    {
        Info = info;
        Type = info is FieldInfo field ? field.FieldType : ((PropertyInfo)info).PropertyType;
        IsVector = Type.IsArray || Type.IsGenericType && Type.GetGenericTypeDefinition() == typeof(VBuffer<>);
        var item = Type.IsArray ? Type.GetElementType() : IsVector ? Type.GetGenericArguments()[0] : Type;
        ItemType = PrimitiveTypes.Find(item);
        Require.Argument(ItemType is not null, info.Name, $"Member '{info.Name}' of {info.DeclaringType} has the type {Type}, which no column can hold.");
    }

    public MemberInfo Info { get; }

    public Type Type { get; }

    public bool IsVector { get; }

    public PrimitiveDataViewType ItemType { get; }

    public static IEnumerable<ColumnMember> Of(Type userType, SchemaDefinition.Direction direction)
    {
        const BindingFlags members = BindingFlags.Public | BindingFlags.Instance;
        var fields = userType.GetFields(members);
        var properties = userType.GetProperties(members).Where(property => property.GetIndexParameters().Length == 0
            && (direction.HasFlag(SchemaDefinition.Direction.Read) && property.GetGetMethod() is not null
                || direction.HasFlag(SchemaDefinition.Direction.Write) && property.GetSetMethod() is not null));
        return fields.Concat<MemberInfo>(properties)
            .Where(member => member.GetCustomAttribute<NoColumnAttribute>() is null)
            .Select(member => new ColumnMember(member));
    }

    public static ColumnMember Find(Type userType, string name) =>
        ((MemberInfo)userType.GetField(name) ?? userType.GetProperty(name)) is { } found
            ? new(found)
            : throw Require.Mark(new ArgumentOutOfRangeException(nameof(name), $"{userType} has no field or property '{name}'."));

    public DataViewType InferColumnType()
    {
        var itemType = ItemType;
        if (Info.GetCustomAttribute<KeyTypeAttribute>() is { } key) itemType = new KeyDataViewType(ItemType.RawType, key.Count);

        var vector = Info.GetCustomAttribute<VectorTypeAttribute>();
        Require.Argument(vector is null || IsVector, Info.Name, $"Member '{Info.Name}' is marked as a vector, but has the type {Type}.");
        if (!IsVector) return itemType;
        return vector is { Dimensions.Length: > 0 } ? new VectorDataViewType(itemType, vector.Dimensions) : new VectorDataViewType(itemType);
    }

    /// <summary>Whether values of a column type fit into the member.</summary>
    public bool Fits(DataViewType type) => type is VectorDataViewType == IsVector && type.ItemType().RawType == ItemType.RawType;

    /// <summary>A compiled Func from <typeparamref name="TRow"/> to the member's type.</summary>
    public Delegate MakePeek<TRow>()
    {
        var row = Expression.Parameter(typeof(TRow));
        return Expression.Lambda(Expression.MakeMemberAccess(row, Info), row).Compile();
    }

    /// <summary>A compiled Action that sets the member of a <typeparamref name="TRow"/>.</summary>
    public Delegate MakePoke<TRow>()
    {
        var row = Expression.Parameter(typeof(TRow));
        var value = Expression.Parameter(Type);
        var set = Expression.Assign(Expression.MakeMemberAccess(row, Info), value);
        return Expression.Lambda(Expression.GetActionType(typeof(TRow), Type), set, row, value).Compile();
    }
}
