using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Focus.Tests;

/// <summary>The documentation, pages and comments alike: programs compile, and links lead somewhere.</summary>
[TestClass]
public sealed partial class DocumentationTests
{
    private static readonly CSharpParseOptions Language = new(LanguageVersion.CSharp14);

    /// <summary>The pages, by their paths in the repository.</summary>
    public static IEnumerable<string[]> Pages()
    {
        var docs = Path.Combine(SharedData.Repository, "docs");
        var pages = Directory.EnumerateFiles(docs, "*.md", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(SharedData.Repository, path).Replace('\\', '/'));
        string[] others = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "src/Focus.MLExtensions/PACKAGE.md"];
        return from page in others.Concat(pages.Order()) select new[] { page };
    }

    [TestMethod]
    [DynamicData(nameof(Pages))]
    public void Every_snippet_compiles(string page)
    {
        var faults = Programs(Snippet.Read(page)).SelectMany(Faults).ToArray();

        Assert.IsEmpty(faults, string.Join(Environment.NewLine, faults));
    }

    [TestMethod]
    public void Every_example_in_the_comments_compiles()
    {
        var examples = Snippet.ReadComments().ToArray();
        var faults = examples.SelectMany(example => Faults([Snippet.Namespaces, example])).ToArray();

        Assert.IsNotEmpty(examples);
        Assert.IsEmpty(faults, string.Join(Environment.NewLine, faults));
    }

    [TestMethod]
    [DynamicData(nameof(Pages))]
    public void Every_relative_link_leads_somewhere(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(SharedData.Repository, page))!;
        var faults = new List<string>();
        foreach (var (line, target) in Links(page))
        {
            var (path, anchor) = target.Split('#') is [var before, var after] ? (before, after) : (target, null);
            var file = path.Length > 0 ? Path.GetFullPath(Path.Combine(folder, path)) : Path.Combine(SharedData.Repository, page);
            if (!Path.Exists(file)) faults.Add($"{page}({line}): '{target}': {file} does not exist.");
            else if (anchor is not null && !Anchors(file).Contains(anchor)) faults.Add($"{page}({line}): '{target}': {file} has no heading '{anchor}'.");
        }

        Assert.IsEmpty(faults, string.Join(Environment.NewLine, faults));
    }

    [TestMethod]
    [DataRow("index.md")]
    [DataRow("toc.yml")]
    public void A_table_of_contents_names_every_page(string name)
    {
        var docs = Path.Combine(SharedData.Repository, "docs");
        var contents = File.ReadAllText(Path.Combine(docs, name));

        var missing = Directory.EnumerateFiles(docs, "*.md").Select(path => Path.GetFileName(path)!)
            .Where(page => page != "index.md" && !contents.Contains(page, StringComparison.Ordinal));

        Assert.IsEmpty(missing, $"{name} lacks {string.Join(", ", missing)}.");
    }

    [TestMethod]
    public void The_checks_find_faults()
    {
        var snippets = Snippet.Read("page.md", ["```csharp", "var number = 1;", "```", "<!-- continues -->", "```csharp", "number.Missing();", "```"]);

        Assert.StartsWith("page.md(6)", Programs(snippets).SelectMany(Faults).Single());
    }

    /// <summary>The programs of a page: a snippet under the comment "continues" belongs to the program of the one before it.</summary>
    private static IEnumerable<IReadOnlyList<Snippet>> Programs(IEnumerable<Snippet> snippets)
    {
        var program = new List<Snippet>();
        foreach (var snippet in snippets)
        {
            if (!snippet.Continues && program.Count > 0)
            {
                yield return program;
                program = [];
            }
            program.Add(snippet);
        }
        if (program.Count > 0) yield return program;
    }

    /// <summary>The compiler's errors, with page and line, for a console program made of snippets.</summary>
    private static IEnumerable<string> Faults(IReadOnlyList<Snippet> program)
    {
        var tree = CSharpSyntaxTree.ParseText(Source(program), Language);
        var compilation = CSharpCompilation.Create("Snippet", [tree, ImplicitUsings], References.Value,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        return from fault in compilation.GetDiagnostics()
               where fault.Severity == DiagnosticSeverity.Error
               let place = fault.Location.GetMappedLineSpan()
               select $"{place.Path}({place.StartLinePosition.Line + 1}): {fault.Id}: {fault.GetMessage(CultureInfo.InvariantCulture)}";
    }

    /// <summary>The snippets as one file: directives first, types last, as C# requires; each part says where it is from.</summary>
    private static string Source(IReadOnlyList<Snippet> program)
    {
        var parts = program.SelectMany(snippet => snippet.Parts).ToArray();
        var source = new StringBuilder();
        foreach (var (node, page, line) in parts.OrderBy(part => part.Node switch { UsingDirectiveSyntax => 0, GlobalStatementSyntax => 1, _ => 2 }))
            source.AppendLine(CultureInfo.InvariantCulture, $"#line {line} \"{page}\"").AppendLine(node.ToFullString());
        return source.ToString();
    }

    /// <summary>What the SDK adds to a console project with ImplicitUsings.</summary>
    private static SyntaxTree ImplicitUsings { get; } = CSharpSyntaxTree.ParseText(
        """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """, Language);

    private static Lazy<MetadataReference[]> References { get; } = new(() =>
        [.. from path in ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            select MetadataReference.CreateFromFile(path)]);

    private static IEnumerable<(int Line, string Target)> Links(string page)
        => from item in Prose(Path.Combine(SharedData.Repository, page))
           from Match link in Link().Matches(item.Text)
           let target = link.Groups["target"].Value
           where !target.Contains("://", StringComparison.Ordinal)
           select (item.Line, target);

    /// <summary>The anchors that GitHub gives to a page's headings.</summary>
    private static IEnumerable<string> Anchors(string path)
        => from item in Prose(path)
           where item.Text.StartsWith('#')
           select NotInAnchors().Replace(item.Text.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-');

    /// <summary>The lines of a page that are not in a block of code.</summary>
    private static IEnumerable<(int Line, string Text)> Prose(string path)
    {
        var isCode = false;
        foreach (var (index, text) in File.ReadLines(path).Index())
        {
            if (text.StartsWith("```", StringComparison.Ordinal)) isCode = !isCode;
            else if (!isCode) yield return (index + 1, text);
        }
    }

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    /// <summary>A block of C# on a page, or in the comment of a member.</summary>
    private sealed record Snippet(string Page, int FirstLine, string Text, bool Continues)
    {
        private const string Fence = "```", Start = Fence + "csharp", Continuation = "<!-- continues -->";

        /// <summary>Its directives, statements and types, each with its page and the number of its first line there.</summary>
        public IEnumerable<(SyntaxNode Node, string Page, int Line)> Parts
        {
            get
            {
                var root = CSharpSyntaxTree.ParseText(Text, Language).GetCompilationUnitRoot();
                return from node in root.Usings.Concat<SyntaxNode>(root.Members)
                       select (node, Page, FirstLine + root.SyntaxTree.GetLineSpan(node.FullSpan).StartLinePosition.Line);
            }
        }

        /// <summary>What a reader of a comment adds.</summary>
        public static Snippet Namespaces { get; } = new("namespaces", 1, "using Focus;\nusing Microsoft.ML;", Continues: false);

        /// <summary>The examples in the library's comments, by the names of their members.</summary>
        public static IEnumerable<Snippet> ReadComments()
            => from member in XDocument.Load(Path.ChangeExtension(typeof(FocusOptions).Assembly.Location, ".xml")).Descendants("member")
               from code in member.Descendants("example").Elements("code")
               select new Snippet(member.Attribute("name")!.Value, 1, code.Value, Continues: false);

        public static IEnumerable<Snippet> Read(string page) => Read(page, File.ReadAllLines(Path.Combine(SharedData.Repository, page)));

        public static IEnumerable<Snippet> Read(string page, string[] lines)
        {
            for (var start = 0; (start = Array.IndexOf(lines, Start, start)) >= 0; start++)
            {
                var text = lines.Skip(start + 1).TakeWhile(line => line != Fence);
                var before = lines.Take(start).LastOrDefault(line => line.Length > 0);
                yield return new Snippet(page, start + 2, string.Join('\n', text), before == Continuation);
            }
        }
    }
}
