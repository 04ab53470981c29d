namespace Focus;

/// <summary>The bytes of one token in a token file; tokens are little-endian and there is no header, as in nanoGPT's <c>train.bin</c>.</summary>
public enum TokenWidth
{
    /// <summary>Two bytes, unsigned: ids from 0 to 65,535. nanoGPT's format.</summary>
    UInt16 = 2,

    /// <summary>Four bytes, unsigned: ids from 0 to 2,147,483,647.</summary>
    UInt32 = 4,
}
