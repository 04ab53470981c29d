using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Writes and reads column types.</summary>
internal static class TypeCodec
{
    private enum Shape : byte
    {
        Primitive,
        Key,
        Vector,
    }

    public static void Write(BinaryWriter writer, DataViewType type)
    {
        switch (type)
        {
            case VectorDataViewType vector:
                writer.Write((byte)Shape.Vector);
                Write(writer, vector.ItemType);
                writer.Write(vector.Dimensions.Length);
                foreach (var dimension in vector.Dimensions) writer.Write(dimension);
                break;
            case KeyDataViewType key:
                writer.Write((byte)Shape.Key);
                writer.Write(key.RawType.FullName!);
                writer.Write(key.Count);
                break;
            default:
                if (PrimitiveTypes.Find(type.RawType) is null) throw new NotSupportedException($"Columns of type {type} cannot be saved.");
                writer.Write((byte)Shape.Primitive);
                writer.Write(type == TextDataViewType.Instance ? typeof(string).FullName! : type.RawType.FullName!);
                break;
        }
    }

    public static DataViewType Read(BinaryReader reader)
    {
        switch ((Shape)reader.ReadByte())
        {
            case Shape.Vector:
                var item = Read(reader) as PrimitiveDataViewType;
                Require.Format(item is not null, "The model file has a vector of vectors.");
                var dimensions = new int[reader.ReadInt32()];
                for (var i = 0; i < dimensions.Length; i++) dimensions[i] = reader.ReadInt32();
                return new VectorDataViewType(item, dimensions);
            case Shape.Key:
                return new KeyDataViewType(Type.GetType(reader.ReadString()), reader.ReadUInt64());
            default:
                var name = reader.ReadString();
                var type = Type.GetType(name) is { } raw ? PrimitiveTypes.Find(raw) : null;
                Require.Format(type is not null, $"The model file has the unknown column type '{name}'.");
                return type;
        }
    }
}
