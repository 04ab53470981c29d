using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Writes and reads schemas with the values of their annotations.</summary>
internal static class SchemaCodec
{
    public static void Write(BinaryWriter writer, DataViewSchema schema)
    {
        writer.Write(schema.Count);
        foreach (var column in schema)
        {
            writer.Write(column.Name);
            TypeCodec.Write(writer, column.Type);
            Write(writer, column.Annotations);
        }
    }

    public static DataViewSchema Read(BinaryReader reader)
    {
        var builder = new DataViewSchema.Builder();
        var count = reader.ReadInt32();
        for (var i = 0; i < count; i++) builder.AddColumn(reader.ReadString(), TypeCodec.Read(reader), ReadAnnotations(reader));
        return builder.ToSchema();
    }

    private static void Write(BinaryWriter writer, DataViewSchema.Annotations annotations)
    {
        writer.Write(annotations.Schema.Count);
        foreach (var column in annotations.Schema)
        {
            writer.Write(column.Name);
            TypeCodec.Write(writer, column.Type);
            Dispatch.Call<object>(typeof(SchemaCodec), null, column.Type is VectorDataViewType ? nameof(WriteVector) : nameof(WriteScalar),
                column.Type.ItemType().RawType, writer, annotations, column);
        }
    }

    private static DataViewSchema.Annotations ReadAnnotations(BinaryReader reader)
    {
        var builder = new DataViewSchema.Annotations.Builder();
        var count = reader.ReadInt32();
        for (var i = 0; i < count; i++)
        {
            var name = reader.ReadString();
            var type = TypeCodec.Read(reader);
            var getter = Dispatch.Call<Delegate>(typeof(SchemaCodec), null, type is VectorDataViewType ? nameof(ReadVector) : nameof(ReadScalar),
                type.ItemType().RawType, reader);
            builder.Add(name, type, getter);
        }

        return builder.ToAnnotations();
    }

    private static void WriteScalar<T>(BinaryWriter writer, DataViewSchema.Annotations annotations, DataViewSchema.Column column)
    {
        T value = default;
        annotations.GetGetter<T>(column)(ref value);
        ValueCodec.Write(writer, value);
    }

    private static void WriteVector<T>(BinaryWriter writer, DataViewSchema.Annotations annotations, DataViewSchema.Column column)
    {
        VBuffer<T> values = default;
        annotations.GetGetter<VBuffer<T>>(column)(ref values);
        writer.Write(values.Length);
        foreach (var value in values.DenseValues()) ValueCodec.Write(writer, value);
    }

    private static ValueGetter<T> ReadScalar<T>(BinaryReader reader)
    {
        var value = ValueCodec.Read<T>(reader);
        return (ref T destination) => destination = value;
    }

    private static ValueGetter<VBuffer<T>> ReadVector<T>(BinaryReader reader)
    {
        var values = new T[reader.ReadInt32()];
        for (var i = 0; i < values.Length; i++) values[i] = ValueCodec.Read<T>(reader);
        return (ref VBuffer<T> destination) => VBuffer<T>.Copy(values, 0, ref destination, values.Length);
    }
}
