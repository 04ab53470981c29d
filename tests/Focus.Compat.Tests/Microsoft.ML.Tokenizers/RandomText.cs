using System.Text;

namespace Focus.Compat.Tests.Tokenizers;

/// <summary>Texts that have in them what is hard about splitting words.</summary>
internal static class RandomText
{
    private static readonly string[] _pieces =
    [
        "a", "the", "Über", "naïve", "İ", "ǅ", "ʰ", "１２", "½", "7", "2026", "Ⅳ", "٣",
        " ", "  ", "\t", "\n", "\r\n", "\u00A0", "\u0085", "\u2003", "\u3000", "\u2028", "\u200B", "\u180E", "\u001C", "\uFEFF",
        "'", "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'l", "'r", "’s",
        "!", "...", "—", "_", "\u0301", "日本", "한국어", "العربية", "ไทย", "हिन्दी", "🙂", "👩‍👩‍👧", "𝒜", "\0", "\uFFFD", "====",
    ];

    public static string Of(Random random, int pieces)
    {
        var text = new StringBuilder();
        for (var i = 0; i < pieces; i++)
            text.Append(random.Next(8) == 0 ? RandomRune(random).ToString() : _pieces[random.Next(_pieces.Length)]);
        return text.ToString();
    }

    private static Rune RandomRune(Random random)
    {
        while (true)
            if (Rune.TryCreate(random.Next(random.Next(4) == 0 ? 0x110000 : 0x3000), out var rune)) return rune;
    }
}
