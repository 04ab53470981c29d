#nullable disable
using TorchSharp.Modules;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            /// <summary>Moves parameters and buffers; floating-point ones take the type, where one is given.</summary>
            internal void MoveTo(ScalarType? type, Device device)
            {
                foreach (var child in children()) child.MoveTo(type, device);
                var fields = ComponentFields().ToDictionary(ComponentNameAttribute.Of);
                using var noGrad = no_grad();
                foreach (var (key, parameter) in named_parameters(false).ToList())
                {
                    using var grad = parameter.grad;
                    if (!Moves(parameter, type, device) && (grad is null || !Moves(grad, type, device))) continue;
                    var moved = new Parameter(Moved(parameter, type, device), parameter.requires_grad);
                    moved.DetachFromDisposeScope();
                    if (grad is not null)
                    {
                        using var movedGrad = Moved(grad, type, device);
                        moved.grad = movedGrad;
                    }
                    parameter.Dispose();
                    _internal_params[key] = moved;
                    if (fields.TryGetValue(key, out var field)) field.SetValue(this, moved);
                }
                foreach (var (key, buffer) in named_buffers(false).ToList())
                {
                    if (!Moves(buffer, type, device)) continue;
                    var moved = Moved(buffer, type, device).DetachFromDisposeScope();
                    buffer.Dispose();
                    _internal_buffers[key] = (moved, true);
                    if (fields.TryGetValue(key, out var field)) field.SetValue(this, moved);
                }
            }

            private static ScalarType TypeAfter(Tensor tensor, ScalarType? type) =>
                tensor.dtype.IsFloatingPoint() ? type ?? tensor.dtype : tensor.dtype;

            private static bool Moves(Tensor tensor, ScalarType? type, Device device) =>
                TypeAfter(tensor, type) != tensor.dtype ||
                device is not null && (device.type != tensor.device_type || device.index >= 0 && device.index != tensor.device.index);

            private static Tensor Moved(Tensor tensor, ScalarType? type, Device device) =>
                tensor.to(TypeAfter(tensor, type), device ?? tensor.device);
        }
    }
}
