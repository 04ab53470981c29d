namespace TorchSharp;

/// <summary>Moves modules to devices and types.</summary>
public static class ModuleExtensionMethods
{
    public static T to<T>(this T module, torch.Device device, bool non_blocking = false) where T : torch.nn.Module
    {
        module.MoveTo(null, torch.Initialized(device));
        return module;
    }

    public static T to<T>(this T module, torch.ScalarType type, bool non_blocking = false) where T : torch.nn.Module
    {
        if (!type.IsFloatingPoint()) throw new ArgumentException($"A module's type is a floating-point type; found {type}.", nameof(type));
        module.MoveTo(type, null);
        return module;
    }

    /// <summary>A new module, moved to where its creator asked for it.</summary>
    internal static T Placed<T>(this T module, torch.Device? device, torch.ScalarType? type) where T : torch.nn.Module
    {
        if (device is not null || type is not null) module.MoveTo(type, device is null ? null : torch.Initialized(device));
        return module;
    }
}
