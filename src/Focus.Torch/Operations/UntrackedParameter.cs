using TorchSharp.Modules;

namespace Focus;

/// <summary>Hands a parameter to a function without the graph knowing: see <see cref="ParameterGradients"/>.</summary>
internal sealed record UntrackedParameter(Parameter Parameter);
