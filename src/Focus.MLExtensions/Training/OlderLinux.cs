using System.ComponentModel;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Focus;

/// <summary>Makes TorchSharp load where libstdc++ is older than GCC 13's: on Debian 12, Ubuntu 22.04 or RHEL 9.</summary>
/// <remarks>
/// TorchSharp's native library asks for the symbol version GLIBCXX_3.4.32 on account of one symbol: an empty marker function which nothing
/// calls. Where libstdc++ lacks that version, the library does not load, though it would run. It loads once the request is marked as weak
/// (<c>VER_FLG_WEAK</c>), so that the dynamic linker does without. This is done in a copy that lies in memory, only after the file itself
/// failed to load, and only where the marker is all that the version is asked for.
/// </remarks>
internal static partial class OlderLinux
{
    private const string Library = "LibTorchSharp";
    private const string MissingVersion = "GLIBCXX_3.4.32";
    private const string Marker = "_ZSt21ios_base_library_initv";

    /// <summary>Registers a resolver for TorchSharp's native library. The runtime calls it only when the library fails to load.</summary>
    public static void HelpTorchSharpLoad() => AssemblyLoadContext.Default.ResolvingUnmanagedDll += Resolve;

    private static nint Resolve(Assembly assembly, string name)
    {
        if (name != Library || SystemHasVersion() || Find(assembly) is not { } path) return 0;
        // The copy has no folder in which its neighbours would be found; loaded before it, they are found by name.
        if (!NativeLibrary.TryLoad("torch", assembly, searchPath: null, out _)) return 0;
        var repaired = Repair(File.ReadAllBytes(path)) ?? throw new DllNotFoundException(
            $"{path} does not load: this system's libstdc++ lacks {MissingVersion}, which GCC 13 and later have, and this version of TorchSharp needs more of it than can be done without. " +
            "Use a newer system (Debian 13, Ubuntu 24.04, RHEL 10 or later), or TorchSharp 0.107.0.");
        return LoadFromMemory(repaired);
    }

    /// <summary>Then it is something else that keeps the library from loading.</summary>
    private static bool SystemHasVersion()
        => !NativeLibrary.TryLoad("libstdc++.so.6", out var libstdcxx) || NativeLibrary.TryGetExport(libstdcxx, Marker, out _);

    private static string? Find(Assembly assembly)
    {
        var folders = (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Append(Path.GetDirectoryName(assembly.Location) ?? "").Append(AppContext.BaseDirectory)
            .Select(folder => Path.Combine(folder, $"lib{Library}.so")).FirstOrDefault(File.Exists);
    }

    /// <summary>The library with the request for the missing version marked as weak, and nothing else changed.</summary>
    /// <param name="library">The bytes of a 64-bit ELF library.</param>
    /// <returns>Null where the bytes are not such a library, or the version is asked for on account of anything but the marker.</returns>
    internal static byte[]? Repair(ReadOnlySpan<byte> library)
    {
        try
        {
            return TryFindRequest(library, out var request, out var version) && OnlyMarkerNeeds(library, version) ? WithWeakRequest(library, request) : null;
        }
        catch (ArgumentOutOfRangeException) // An offset that points outside the file.
        {
            return null;
        }
    }

    private static byte[] WithWeakRequest(ReadOnlySpan<byte> library, int request)
    {
        const byte weak = 2;
        var repaired = library.ToArray();
        repaired[request + (int)Marshal.OffsetOf<RequestedVersion>(nameof(RequestedVersion.Flags))] |= weak;
        return repaired;
    }

    /// <summary>Finds the entry of <see cref="MissingVersion"/> among the versions that the library requests of others.</summary>
    private static bool TryFindRequest(ReadOnlySpan<byte> library, out int request, out ushort version)
    {
        if (TryFindSection(library, SectionType.RequestedVersions, out var requests))
        {
            var names = Section(library, requests.Link);
            for (int file = (int)requests.Offset, filesLeft = requests.Info; filesLeft > 0; filesLeft--)
            {
                var needed = Read<RequestedFile>(library, file);
                request = file + needed.FirstVersion;
                for (var left = needed.Versions; left > 0; left--)
                {
                    var entry = Read<RequestedVersion>(library, request);
                    version = entry.Index;
                    if (Name(library, names, entry.Name) == MissingVersion) return true;
                    request += entry.Next;
                }
                file += needed.Next;
            }
        }
        (request, version) = (0, 0);
        return false;
    }

    private static bool OnlyMarkerNeeds(ReadOnlySpan<byte> library, ushort version)
    {
        if (!TryFindSection(library, SectionType.SymbolVersions, out var versions)) return false;
        var symbols = Section(library, versions.Link);
        var names = Section(library, symbols.Link);
        for (var i = 0; i < (int)(versions.Size / sizeof(ushort)); i++)
        {
            if (Read<ushort>(library, (int)versions.Offset + i * sizeof(ushort)) != version) continue;
            var symbol = Read<Symbol>(library, (int)symbols.Offset + i * Marshal.SizeOf<Symbol>());
            if (Name(library, names, symbol.Name) != Marker) return false;
        }
        return true;
    }

    private static bool TryFindSection(ReadOnlySpan<byte> library, SectionType type, out SectionHeader section)
    {
        section = default;
        if (!library.StartsWith("\u007fELF\u0002\u0001"u8)) return false; // 64 bits, little-endian
        for (var i = 0; i < Read<FileHeader>(library, 0).Sections; i++)
        {
            section = Section(library, i);
            if (section.Type == type) return true;
        }
        return false;
    }

    private static SectionHeader Section(ReadOnlySpan<byte> library, int index)
        => Read<SectionHeader>(library, (int)Read<FileHeader>(library, 0).SectionsOffset + index * Marshal.SizeOf<SectionHeader>());

    private static string Name(ReadOnlySpan<byte> library, SectionHeader names, int offset)
    {
        var text = library[((int)names.Offset + offset)..];
        return Encoding.ASCII.GetString(text[..Math.Max(text.IndexOf((byte)0), 0)]);
    }

    private static T Read<T>(ReadOnlySpan<byte> library, int offset) where T : unmanaged => MemoryMarshal.Read<T>(library[offset..]);

    private static nint LoadFromMemory(byte[] library)
    {
        // The handle stays open for as long as the process lives, so that its number, by which the library is known, is not used again.
        var handle = CreateMemoryFile($"lib{Library}.so", flags: 0);
        if (handle < 0) throw new DllNotFoundException($"A file in memory for TorchSharp's native library could not be made: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");
        RandomAccess.Write(new SafeFileHandle(handle, ownsHandle: false), library, fileOffset: 0);
        return NativeLibrary.Load($"/proc/self/fd/{handle}");
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int CreateMemoryFile(string name, uint flags);

    private enum SectionType { RequestedVersions = 0x6ffffffe, SymbolVersions = 0x6fffffff }

    /// <summary>Elf64_Ehdr.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    private struct FileHeader
    {
        [FieldOffset(40)] public long SectionsOffset;
        [FieldOffset(60)] public ushort Sections;
    }

    /// <summary>Elf64_Shdr.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    private struct SectionHeader
    {
        [FieldOffset(4)] public SectionType Type;
        [FieldOffset(24)] public long Offset;
        [FieldOffset(32)] public long Size;
        [FieldOffset(40)] public int Link;
        [FieldOffset(44)] public int Info;
    }

    /// <summary>Elf64_Sym.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 24)]
    private struct Symbol
    {
        [FieldOffset(0)] public int Name;
    }

    /// <summary>Elf64_Verneed.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 16)]
    private struct RequestedFile
    {
        [FieldOffset(2)] public ushort Versions;
        [FieldOffset(8)] public int FirstVersion;
        [FieldOffset(12)] public int Next;
    }

    /// <summary>Elf64_Vernaux.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 16)]
    private struct RequestedVersion
    {
        [FieldOffset(4)] public ushort Flags;
        [FieldOffset(6)] public ushort Index;
        [FieldOffset(8)] public int Name;
        [FieldOffset(12)] public int Next;
    }
}
