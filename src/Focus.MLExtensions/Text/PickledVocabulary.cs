using System.Buffers.Binary;
using System.Text;

namespace Focus;

/// <summary>Reads the <c>meta.pkl</c> that nanoGPT writes beside its tokens of characters: a pickled dictionary whose entry <c>itos</c> has
/// the characters by their ids.</summary>
/// <remarks>Knows the opcodes for dictionaries, texts and numbers only, none of which can name a class or call a function, and refuses all
/// others. Format: the module <c>pickletools</c> of Python.</remarks>
internal sealed class PickledVocabulary
{
    private const int LongestFile = 1 << 26;

    private static readonly object Mark = new();

    private readonly byte[] bytes;
    private readonly Stack<object> stack = [];
    private readonly Dictionary<int, object> memo = [];
    private int position;

    private PickledVocabulary(byte[] bytes) => this.bytes = bytes;

    /// <exception cref="InvalidDataException">The file is not such a dictionary.</exception>
    public static string[] Read(string path)
    {
        try
        {
            var length = new FileInfo(path).Length;
            if (length > LongestFile) throw new InvalidDataException($"it has {length} bytes, more than {LongestFile}");
            return Vocabulary(new PickledVocabulary(File.ReadAllBytes(path)).Load());
        }
        catch (Exception fault) when (fault is InvalidDataException or InvalidOperationException or ArgumentException or KeyNotFoundException)
        {
            throw new InvalidDataException(
                $"{path}: expected a pickled dictionary with the characters by their ids under 'itos', as nanoGPT writes it, but {fault.Message} " +
                "Prepare the text with the tokenizer of characters, or say how large the vocabulary is.", fault);
        }
    }

    private static string[] Vocabulary(object root)
    {
        if (root is not Dictionary<object, object> meta || meta.GetValueOrDefault("itos") is not Dictionary<object, object> itos)
            throw new InvalidDataException("there is no such entry.");
        var vocabulary = new string[itos.Count];
        for (var id = 0; id < vocabulary.Length; id++)
            vocabulary[id] = itos.GetValueOrDefault(id) as string ?? throw new InvalidDataException($"id {id} of {itos.Count} has no text.");
        return vocabulary;
    }

    private object Load()
    {
        while (true)
        {
            switch ((char)Next(1)[0])
            {
                case '\x80': Next(1); break; // The protocol.
                case '\x95': Next(8); break; // The length of a frame.
                case '}': stack.Push(new Dictionary<object, object>()); break;
                case '(': stack.Push(Mark); break;
                case '\x8c': PushText(Next(1)[0]); break;
                case 'X': PushText(Number()); break;
                case 'K': stack.Push((int)Next(1)[0]); break;
                case 'M': stack.Push((int)BinaryPrimitives.ReadUInt16LittleEndian(Next(2))); break;
                case 'J': stack.Push(Number()); break;
                case '\x94': memo[memo.Count] = stack.Peek(); break;
                case 'q': memo[Next(1)[0]] = stack.Peek(); break;
                case 'r': memo[Number()] = stack.Peek(); break;
                case 'h': stack.Push(memo[Next(1)[0]]); break;
                case 'j': stack.Push(memo[Number()]); break;
                case 's': SetItems(stack.Pop(), stack.Pop()); break;
                case 'u': SetItems([.. PopToMark()]); break;
                case '.': return stack.Pop();
                case var other: throw new InvalidDataException($"at offset {position - 1} is the opcode 0x{(int)other:X2}, which is not read.");
            }
        }
    }

    private void PushText(int length) => stack.Push(Encoding.UTF8.GetString(Next(length)));

    private int Number() => BinaryPrimitives.ReadInt32LittleEndian(Next(4));

    private ReadOnlySpan<byte> Next(int count)
    {
        if (count < 0 || count > bytes.Length - position) throw new InvalidDataException($"the file ends at offset {bytes.Length}.");
        position += count;
        return bytes.AsSpan(position - count, count);
    }

    private IEnumerable<object> PopToMark()
    {
        while (stack.Pop() is var item && item != Mark) yield return item;
    }

    /// <summary>Adds items to the dictionary at the top of the stack: values and keys in turns, the last value first.</summary>
    private void SetItems(params object[] items)
    {
        if (stack.Peek() is not Dictionary<object, object> dictionary || items.Length % 2 != 0)
            throw new InvalidDataException($"at offset {position - 1} no dictionary is filled.");
        for (var i = 0; i < items.Length; i += 2) dictionary[items[i + 1]] = items[i];
    }
}
