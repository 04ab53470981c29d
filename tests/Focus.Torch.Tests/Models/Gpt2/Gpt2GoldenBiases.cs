namespace Focus.Torch.Tests.Models;

/// <summary>The biases of c_attn that gpt2_bias_focus.safetensors was made with but leaves out.</summary>
/// <remarks>They are the least-squares solution of its logits (residual 2e-6) and of the gradients of c_proj.weight. A bias of keys shifts
/// all products of a query alike, so that it changes nothing.</remarks>
internal static class Gpt2GoldenBiases
{
    private static readonly float[] Queries0 =
    [
        -0.020282f, -0.040971f, -0.121858f, 0.107877f, 0.065068f, -0.009615f, -0.048815f, 0.005116f,
        0.016291f, -0.109677f, -0.080860f, -0.104788f, 0.113879f, 0.026055f, -0.080943f, -0.063405f,
        0.064321f, 0.065402f, -0.105131f, -0.106863f, 0.087728f, -0.073446f, -0.251590f, 0.191598f,
        -0.100926f, 0.010996f, 0.069847f, -0.056526f, 0.034189f, 0.072060f, 0.222849f, -0.077295f,
    ];

    private static readonly float[] Values0 =
    [
        0.076672f, -0.014112f, -0.044623f, -0.095454f, -0.083615f, 0.004298f, -0.141647f, -0.037230f,
        0.145971f, 0.149583f, 0.007167f, -0.144362f, -0.071457f, 0.083245f, 0.070193f, 0.037730f, 0.058300f,
        -0.000119f, -0.112510f, -0.080378f, 0.025469f, -0.170201f, -0.034481f, 0.036492f, 0.151080f,
        -0.114367f, 0.045692f, 0.091242f, -0.168831f, 0.113281f, 0.024787f, -0.022374f,
    ];

    private static readonly float[] Queries1 =
    [
        -0.027169f, 0.043046f, -0.025247f, 0.034030f, 0.117963f, -0.027160f, -0.029622f, -0.095991f,
        0.032660f, -0.034664f, 0.093529f, -0.080083f, 0.079379f, -0.039661f, -0.032674f, 0.065998f,
        -0.192096f, -0.179711f, 0.079172f, -0.068958f, -0.083956f, -0.019563f, -0.148133f, 0.121811f,
        0.146557f, -0.022033f, -0.084634f, 0.104048f, -0.042242f, -0.004399f, 0.027326f, -0.034200f,
    ];

    private static readonly float[] Values1 =
    [
        -0.083510f, 0.000741f, 0.092607f, 0.046483f, 0.007591f, 0.045788f, 0.043205f, 0.034638f, 0.046963f,
        -0.100674f, 0.205248f, -0.064155f, 0.096311f, 0.081770f, 0.089303f, -0.111650f, -0.027597f,
        -0.050295f, 0.091983f, -0.122614f, 0.122261f, -0.066357f, -0.212858f, 0.138776f, -0.041639f,
        0.028483f, 0.137013f, -0.098418f, -0.134558f, 0.015757f, 0.175269f, -0.237066f,
    ];

    /// <summary>Queries, keys and values of a layer.</summary>
    public static float[] OfLayer(int layer) => layer == 0 ? [.. Queries0, .. new float[32], .. Values0] : [.. Queries1, .. new float[32], .. Values1];
}
