namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        private const int ChunkLength = 1 << 20;

        /// <summary>Writes the elements of a contiguous CPU tensor of any size.</summary>
        public void WriteBytesToStream(Stream stream, int bufferSize = 1024)
        {
            foreach (var (start, length) in Chunks())
            {
                unsafe { stream.Write(new ReadOnlySpan<byte>((byte*)Data() + start, length)); }
            }
        }

        /// <summary>Overwrites the elements of a contiguous CPU tensor of any size.</summary>
        public void ReadBytesFromStream(Stream stream, int bufferSize = 1024)
        {
            foreach (var (start, length) in Chunks())
            {
                unsafe { stream.ReadExactly(new Span<byte>((byte*)Data() + start, length)); }
            }
        }

        private IEnumerable<(long Start, int Length)> Chunks()
        {
            CheckViewable();
            var total = numel() * ElementSize;
            for (var start = 0L; start < total; start += ChunkLength) yield return (start, (int)Math.Min(ChunkLength, total - start));
        }
    }
}
