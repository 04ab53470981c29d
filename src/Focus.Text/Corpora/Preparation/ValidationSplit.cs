namespace Focus;

/// <summary>How a corpus is divided into training and validation tokens.</summary>
public enum ValidationSplit
{
    /// <summary>
    /// Whole documents are drawn, each by itself: document n (from 0) validates if u(seed, n) &lt; share, where u in [0, 1) is the upper 53 bits of
    /// SplitMix64's output for the state seed + (n + 1) · 0x9E3779B97F4A7C15 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
    /// Generators, 2014).
    /// </summary>
    Documents,

    /// <summary>The last tokens of the corpus validate, as in nanoGPT's character-level experiments: the first ⌊tokens · (1 − share)⌋ are for
    /// training. Fits corpora of few documents.</summary>
    Tail,
}
