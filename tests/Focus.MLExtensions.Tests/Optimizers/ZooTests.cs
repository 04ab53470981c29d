using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>The parameter trajectories of the optimizers' published code, in float32 and in float64.</summary>
[TestClass]
public sealed class ZooTests
{
    /// <summary>Settings that the library does not offer.</summary>
    private static readonly string[] NotFollowed =
    [
        "adam8bit, lut default-like/f32", // A table of the compiled quantizer, which cannot represent the smallest numbers.
    ];

    public static IEnumerable<object[]> Cases()
        => from file in Directory.EnumerateFiles(SharedData.Golden("zoo"), "*.json").Order(StringComparer.Ordinal)
           let optimizer = Path.GetFileNameWithoutExtension(file)
           where optimizer is not ("schedules" or "quantization_maps")
           from golden in ZooFile.Read(optimizer).Cases
           where !NotFollowed.Contains($"{optimizer}, {golden.Name}")
           select new object[] { optimizer, golden.Name };

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void ThePublishedTrajectoryIsReproduced(string optimizer, string name)
    {
        var file = ZooFile.Read(optimizer);
        var golden = file.Cases.Single(item => item.Name == name);
        var type = golden.IsSingle ? ScalarType.Float32 : ScalarType.Float64;
        var parameters = file.Initial(type);
        using var running = ZooOptions.Of(optimizer, golden.Settings, name).Recorded(file, golden).CreateOptimizer(ZooOptions.Groups(parameters, golden.Settings));
        var feed = ZooFeed.Of(optimizer, file, golden, running, parameters);
        for (var step = 1; step <= file.Steps; step++)
        {
            foreach (var (parameter, gradient) in file.Gradients(step, type)) parameters[parameter].grad = gradient;
            ZooOptions.Prepare(optimizer, golden.Settings, parameters);
            feed.BeforeStep(step);
            running.step();
            feed.AfterStep(step);
            foreach (var (parameter, expected) in golden.Trajectory(step))
                AssertClose(expected, parameters[parameter], value => golden.Tolerance(optimizer, value), $"step {step}, {parameter}");
        }
    }

    [TestMethod]
    public void TheMapsOfEightBitsAreThePublishedOnes()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(SharedData.Golden("zoo/quantization_maps.json")));
        foreach (var (name, map) in new[] { ("signed", DynamicMap.Signed), ("unsigned", DynamicMap.Unsigned) })
        {
            var expected = document.RootElement.GetProperty(name).EnumerateArray().Select(value => value.GetDouble()).ToArray();
            Assert.HasCount(expected.Length, map.Entries);
            for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], map.Entries[i], 1e-6 * Math.Abs(expected[i]), $"{name}[{i}]");
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void ACodeOfEightBitsStandsForTheNearestEntry(bool signed)
    {
        var map = signed ? DynamicMap.Signed : DynamicMap.Unsigned;
        var random = new Random(1);
        var midpoints = map.Entries.Zip(map.Entries.Skip(1), (low, high) => (low + high) / 2).ToArray();
        float[] numbers =
        [
            1, 0, .. map.Entries, .. midpoints.Select(number => number * 1.00001f), .. midpoints.Select(number => number * 0.99999f),
            .. Enumerable.Range(0, 1000).Select(_ => MathF.Pow(10, -8 * random.NextSingle()) * (signed && random.Next(2) > 0 ? -1 : 1)),
        ];
        foreach (var block in numbers.Chunk(255))
        {
            // The largest of the block is 1, which leaves the numbers as they are.
            float[] scaled = [1, .. block, .. new float[255 - block.Length]];
            var codes = new byte[256];
            Assert.AreEqual(1f, map.Write(scaled, codes));
            foreach (var (number, code) in scaled.Zip(codes))
            {
                var nearest = map.Entries.Index().MinBy(entry => Math.Abs((double)entry.Item - number)).Index;
                Assert.AreEqual(nearest, code, $"{number:R}");
            }
        }
    }

    private static void AssertClose(double[] expected, Tensor actual, Func<double, double> tolerance, string what)
    {
        var values = actual.detach().to(ScalarType.Float64).reshape(-1).data<double>().ToArray();
        Assert.HasCount(expected.Length, values, what);
        for (var i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], values[i], tolerance(expected[i]), $"{what}[{i}]");
    }
}

/// <summary>A file of trajectories: one problem, and what came of it with several settings.</summary>
internal sealed class ZooFile
{
    private static readonly Dictionary<string, ZooFile> Known = [];

    private readonly JsonElement root;

    private ZooFile(JsonElement root)
    {
        this.root = root;
        Cases = [.. root.GetProperty("cases").EnumerateArray().Select(item => new ZooCase(this, item))];
    }

    public IReadOnlyList<ZooCase> Cases { get; }

    public int Steps => root.GetProperty("gradients").GetArrayLength();

    public static ZooFile Read(string optimizer)
    {
        lock (Known)
        {
            if (!Known.TryGetValue(optimizer, out var file))
                Known[optimizer] = file = new(JsonDocument.Parse(File.ReadAllText(SharedData.Golden($"zoo/{optimizer}.json"))).RootElement);
            return file;
        }
    }

    public Dictionary<string, Parameter> Initial(ScalarType type)
        => root.GetProperty("parameters").EnumerateObject().ToDictionary(item => item.Name, item => new Parameter(Values(item.Value.GetProperty("initial"), item.Name, type)));

    public Dictionary<string, Tensor> Gradients(int step, ScalarType type) => Tensors(root.GetProperty("gradients")[step - 1], type);

    public Dictionary<string, Tensor> Tensors(JsonElement values, ScalarType type)
        => values.EnumerateObject().ToDictionary(item => item.Name, item => Values(item.Value, item.Name, type));

    /// <summary>The numbers of a parameter, in its shape.</summary>
    private Tensor Values(JsonElement values, string parameter, ScalarType type)
    {
        var shape = root.GetProperty("parameters").GetProperty(parameter).GetProperty("shape").EnumerateArray().Select(length => length.GetInt64()).ToArray();
        return Numbers(values).to(type).reshape(shape);
    }

    public static Tensor Numbers(JsonElement values) => tensor(values.EnumerateArray().Select(value => value.GetDouble()).ToArray());
}

/// <summary>Settings, and the trajectory that the published code took with them.</summary>
internal sealed class ZooCase(ZooFile file, JsonElement golden)
{
    public string Name => golden.GetProperty("name").GetString()!;

    public bool IsSingle => golden.GetProperty("dtype").GetString() == "float32";

    public JsonElement Settings => golden.GetProperty("settings");

    /// <summary>The random numbers or other data to feed; where it is not written, another case with the same settings has it.</summary>
    public JsonElement? Auxiliary => golden.TryGetProperty("aux", out var own) && own.ValueKind == JsonValueKind.Object ? own
        : file.Cases.Where(other => other.Name.Split('/')[0] == Name.Split('/')[0]).Select(other => other.OwnAuxiliary).FirstOrDefault(other => other is not null);

    private JsonElement? OwnAuxiliary => golden.TryGetProperty("aux", out var own) && own.ValueKind == JsonValueKind.Object ? own : null;

    public Dictionary<string, double[]> Trajectory(int step) => golden.GetProperty("trajectory")[step - 1].EnumerateObject()
        .ToDictionary(item => item.Name, item => item.Value.EnumerateArray().Select(value => value.GetDouble()).ToArray());

    /// <summary>The tolerance for a value. Products in bfloat16 differ between machines by a few percent of each of the steps.</summary>
    public double Tolerance(string optimizer, double value) => Name.Contains("bf16", StringComparison.Ordinal)
        ? 0.5 / 12 * file.Steps * Settings.GetProperty(optimizer).GetProperty("lr").GetDouble()
        : RelativeTolerance(optimizer) * Math.Max(Math.Abs(value), 0.1);

    private double RelativeTolerance(string optimizer) => (IsSingle, optimizer, Name) switch
    {
        (false, _, _) => 1e-10,
        (_, "auon", ['A', 'u', 'O', 'N', ' ', 'o', ..]) => 1e-5,
        (_, "cosmos", _) => 5e-4,
        (_, "adam8bit", _) => 1e-5, // The last bits of the published map are those of a vectorised linspace.
        _ => 5e-6,
    };
}

/// <summary>What the published code was given besides gradients.</summary>
internal class ZooFeed
{
    public static ZooFeed Of(string optimizer, ZooFile file, ZooCase golden, OptimizerHelper running, Dictionary<string, Parameter> parameters) => optimizer switch
    {
        "sophia_g" => new Curvature(
            file, "hessian_gradients", [.. golden.Auxiliary!.Value.GetProperty("hessian_steps").EnumerateArray().Select(step => step.GetInt32())],
            golden, running, parameters),
        "adahessian" => new Curvature(
            file, golden.Name.StartsWith("davda54", StringComparison.Ordinal) ? "hessian_diagonal_estimates" : "hessian_vector_products",
            [.. Enumerable.Range(1, file.Steps)], golden, running, parameters),
        "schedule_free_adamw" => new Average(golden, running, parameters),
        _ => new(),
    };

    public virtual void BeforeStep(int step)
    {
    }

    public virtual void AfterStep(int step)
    {
    }

    private sealed class Curvature(ZooFile file, string name, int[] steps, ZooCase golden, OptimizerHelper running, Dictionary<string, Parameter> parameters)
        : ZooFeed
    {
        private readonly ICurvatureOptimizer optimizer = (ICurvatureOptimizer)running;

        public override void BeforeStep(int step)
        {
            Assert.AreEqual(steps.Contains(step), optimizer.IsDue, $"step {step}");
            if (optimizer.Kind == CurvatureKind.HessianDiagonal) Take(step);
        }

        public override void AfterStep(int step)
        {
            if (optimizer.Kind == CurvatureKind.SampledGradient && steps.Contains(step)) Take(step);
        }

        private void Take(int step)
        {
            var values = file.Tensors(
                golden.Auxiliary!.Value.GetProperty(name)[Array.IndexOf(steps, step)], golden.IsSingle ? ScalarType.Float32 : ScalarType.Float64);
            optimizer.Take(parameter => values[parameters.Single(named => ReferenceEquals(named.Value, parameter)).Key]);
        }
    }

    private sealed class Average(ZooCase golden, OptimizerHelper running, Dictionary<string, Parameter> parameters) : ZooFeed
    {
        public override void AfterStep(int step)
        {
            if (!golden.IsSingle) return;
            var averaging = (IAveragingOptimizer)running;
            var training = parameters["w1"].detach().clone();
            averaging.ToAverage();
            foreach (var (name, parameter) in parameters)
            {
                var expected = ZooFile.Numbers(golden.Auxiliary!.Value.GetProperty("x")[step - 1].GetProperty(name)).to(ScalarType.Float32);
                Assert.IsTrue(parameter.reshape(-1).allclose(expected, rtol: 1e-5, atol: 1e-6), $"x of {name} after step {step}");
            }
            averaging.ToTraining();
            Assert.IsTrue(parameters["w1"].allclose(training, rtol: 0, atol: 0));
        }
    }
}

/// <summary>The options that the names of the published code's settings stand for.</summary>
internal static class ZooOptions
{
    private static readonly Dictionary<string, Func<Settings, OptimizerSettings>> Known = new()
    {
        ["lion"] = s => new LionOptions { LearningRate = s["lr"], Beta1 = s["betas", 0], Beta2 = s["betas", 1], WeightDecay = s["weight_decay"] },
        ["cautious_lion"] = s => new CautiousLionOptions
        {
            LearningRate = s["lr"], Beta1 = s["betas", 0], Beta2 = s["betas", 1], WeightDecay = s["weight_decay"],
            OpposedWeight = s.Has("cautious_factor") ? s["cautious_factor"] : null,
        },
        ["cautious_adamw"] = s => new CautiousAdamWOptions().WithMoments(s),
        ["adamw"] = s => new AdamWOptions { Amsgrad = s.Is("amsgrad") }.WithMoments(s),
        ["adabelief"] = s => new AdaBeliefOptions { Rectify = s.Is("rectify"), DecoupledDecay = s.Is("weight_decouple"), Amsgrad = s.Is("amsgrad") }.WithMoments(s),
        ["ademamix"] = s => new AdEMAMixOptions
        {
            Beta3 = s["betas", 2], Alpha = s["alpha"], AlphaWarmup = (long)s.Or("alpha_warmup", 0), Beta3Warmup = (long)s.Or("beta3_warmup", 0),
        }.WithMoments(s),
        ["exadam"] = s => new EXAdamOptions().WithMoments(s),
        ["nadam"] = s => new NAdamOptions { MomentumDecay = s["momentum_decay"], RepeatsLookAhead = s.Case.StartsWith("torch-1.13", StringComparison.Ordinal) }
            .WithMoments(s),
        ["radam"] = s => new RAdamOptions { AuthorsForm = s.Case.StartsWith("authors", StringComparison.Ordinal), DegenerateToSgd = s.Is("degenerated_to_sgd") }
            .WithMoments(s),
        ["sgd_nesterov"] = s => new SgdOptions
        {
            LearningRate = s["lr"], Momentum = s["momentum"], Dampening = s.Or("dampening", 0), Nesterov = s.Is("nesterov"), WeightDecay = s["weight_decay"],
        },
        ["sgd_sai"] = s => new SgdSaiOptions
        {
            LearningRate = s["lr"], Momentum = s["momentum"], Epsilon = s["eps"], WeightDecay = s["weight_decay"], ScalesConstantGradients = true,
        },
        ["sgdp"] = s => new SgdpOptions
        {
            LearningRate = s["lr"], Momentum = s["momentum"], Dampening = s["dampening"], Nesterov = s.Is("nesterov"), WeightDecay = s["weight_decay"],
            Delta = s["delta"], DecayRatio = s["wd_ratio"], Epsilon = s["eps"], ProjectsMomentum = true,
        },
        ["adamp"] = s => new AdamPOptions { Delta = s["delta"], DecayRatio = s["wd_ratio"], Nesterov = s.Is("nesterov") }.WithMoments(s),
        ["lamb"] = s => new LambOptions
        {
            BiasCorrection = s.IsNvlamb, AdaptsWithoutDecay = !s.IsNvlamb || s.Is("always_adapt"), ClipsRatio = s.Is("trust_clip"),
        }.WithMoments(s),
        ["mars"] = s => new MarsOptions
        {
            Gamma = s["gamma"], Form = s.Text("mars_type") switch { "mars-lion" => MarsForm.Lion, "mars-shampoo" => MarsForm.Shampoo, _ => MarsForm.AdamW },
            Auxiliary = s.Is("optimize_1d") ? null : new()
            {
                LearningRate = s["lr_1d"], Beta1 = s["betas_1d", 0], Beta2 = s["betas_1d", 1], WeightDecay = s["weight_decay_1d"],
            },
        }.WithMoments(s),
        ["adam_mini"] = s => new AdamMiniOptions { WholeTensors = s.Case.StartsWith("default partition", StringComparison.Ordinal) }.WithMoments(s),
        ["schedule_free_adamw"] = s => new ScheduleFreeAdamWOptions
        {
            LearningRate = s["lr"], Beta1 = s["betas", 0], Beta2 = s["betas", 1], Epsilon = s["eps"], WeightDecay = s["weight_decay"],
            WarmupSteps = (long)s["warmup_steps"], StepPower = s["r"], RatePower = s["weight_lr_power"],
        },
        ["sophia_g"] = s => new SophiaGOptions
        {
            LearningRate = s["lr"], Beta1 = s["betas", 0], Beta2 = s["betas", 1], Rho = s["rho"], WeightDecay = s["weight_decay"], BatchTokens = (long)s["bs"],
            CurvatureInterval = 3,
        },
        ["adafactor"] = s => new AdafactorOptions
        {
            LearningRate = s.Or("lr", 1), RelativeStep = s.Is("relative_step"), ScaleParameter = s.Is("scale_parameter"), WarmupInit = s.Is("warmup_init"),
            ClipThreshold = s.Or("clip_threshold", 1), DecayPower = s.Or("decay_rate", -0.8), Beta1 = s.Has("beta1") ? s["beta1"] : null,
            WeightDecay = s["weight_decay"],
        },
        ["adam8bit"] = s => new Adam8BitOptions { LeastElements = 0 }.WithMoments(s),
        ["adahessian"] = s => new AdaHessianOptions
        {
            HessianPower = s["hessian_power"], SpatialAverage = s.Has("spatial_average_block_size"),
            MatrixBlock = s.Has("spatial_average_block_size") && s["spatial_average_block_size", 1] > 0 ? (int)s["spatial_average_block_size", 1] : null,
        }.WithMoments(s),
        ["muon"] = s => new MuonOptions { Nesterov = s.Is("nesterov"), BFloat16 = s.IsBFloat16 }.WithMomentum(s.In("muon"), s.In("adam")),
        ["normuon"] = s => new NorMuonOptions { Beta2 = s.In("normuon")["beta2"], Nesterov = s.Is("nesterov"), BFloat16 = s.IsBFloat16 }
            .WithMomentum(s.In("normuon"), s.In("adam")),
        ["soap"] = s => new SoapOptions
        {
            PreconditionerDecay = s["shampoo_beta"] < 0 ? null : s["shampoo_beta"], RefreshInterval = (int)s["precondition_frequency"],
            LargestSide = (int)s["max_precond_dim"], PreconditionsVectors = s.Is("precondition_1d"), NormalizesSteps = s.Is("normalize_grads"),
            BiasCorrection = s.Is("correct_bias"),
        }.WithMoments(s),
        ["conda"] = s => new CondaOptions { RefreshInterval = (int)s.In("projected_group")["update_proj_gap"], Scale = s.In("projected_group")["scale"] }
            .WithMoments(s.In("optimizer")),
        ["cosmos"] = s => new CosmosOptions { Rank = (int)s["rank"], Gamma = s["gamma"], MatrixRatio = s["lr_ratio"], Nesterov = s.Is("nestrov") }.WithMoments(s),
        ["root"] = s => new RootOptions
        {
            LearningRate = s["lr"], WeightDecay = s["wd"], Momentum = s["momentum"], Nesterov = s.Is("nesterov"), Iterations = (int)s["root_steps"],
            Auxiliary = new RootOptions().Auxiliary with
            {
                LearningRate = s["lr"], WeightDecay = s["wd"], Beta1 = s["adamw_betas", 0], Beta2 = s["adamw_betas", 1], Epsilon = s["adamw_eps"],
            },
        },
        ["auon"] = s => new AuOnOptions { Gamma = s.In("auon")["gamma"], Orthogonalizes = s.Text("optimizer") == "HybridAuON" }
            .WithMomentum(s.In("auon"), s.In("adam")),
        ["apollo"] = Apollo,
        ["apollo_mini"] = Apollo,
    };

    private static ApolloOptions Apollo(Settings s)
    {
        var (own, lowRank) = (s.In("optimizer"), s.In("low_rank_group"));
        return new ApolloOptions
        {
            Rank = (int)lowRank["rank"], Scale = lowRank["scale"], TensorWise = lowRank.Text("scale_type") == "tensor",
            RefreshInterval = (int)lowRank["update_proj_gap"], ProjectsLongSide = lowRank.Text("proj_type") == "reverse_std",
            ScalesBeforeLimit = own.Is("scale_front"), LimitsGrowth = !own.Is("disable_nl"),
        }.WithMoments(own);
    }

    public static OptimizerSettings Of(string optimizer, JsonElement settings, string name) => Known[optimizer](new(settings, name));

    /// <summary>The parameters with the roles that the case's settings give them.</summary>
    public static IEnumerable<ParameterGroup> Groups(Dictionary<string, Parameter> parameters, JsonElement settings)
        => from named in parameters
           let role = named.Key switch
           {
               "b" or "g" => ParameterRole.GainOrBias,
               "e" or "big" => ParameterRole.Embedding,
               _ => ParameterRole.HiddenMatrix,
           }
           select new ParameterGroup([named.Value])
           {
               Role = role,
               Heads = settings.TryGetProperty("partition", out _) ? AdamMiniHeads(named.Key, settings) : 1,
               // Adam-mini tells by names that contain "bias" or "norm".
               WeightDecay = IsNamed(settings) && role == ParameterRole.GainOrBias ? 0 : null,
           };

    private static bool IsNamed(JsonElement settings)
        => settings.TryGetProperty("parameter_names", out var names) && names.GetProperty("b").GetString()!.EndsWith("bias", StringComparison.Ordinal);

    /// <summary>The heads of attention, or rows, which are heads of one row: the name "block.two", of the case without names, contains "wo".</summary>
    private static int AdamMiniHeads(string parameter, JsonElement settings) => (parameter, IsNamed(settings)) switch
    {
        ("w3", true) => settings.GetProperty("n_heads").GetInt32(),
        ("w2", false) => 4,
        _ => 1,
    };

    /// <summary>Does to the gradients what the published optimizer does before its step and ours leaves to the loop.</summary>
    public static void Prepare(string optimizer, JsonElement settings, Dictionary<string, Parameter> parameters)
    {
        if (optimizer == "lamb" && settings.TryGetProperty("max_grad_norm", out var norm) && norm.ValueKind == JsonValueKind.Number)
        {
            var total = Math.Sqrt(parameters.Values.Sum(parameter => parameter.grad!.to(ScalarType.Float64).square().sum().ToDouble()));
            if (total > norm.GetDouble())
                foreach (var parameter in parameters.Values) parameter.grad!.div_(total / norm.GetDouble());
        }
    }

    private static T WithMoments<T>(this T options, Settings s) where T : MomentOptions
        => options with { LearningRate = s["lr"], Beta1 = s["betas", 0], Beta2 = s["betas", 1], Epsilon = s["eps"], WeightDecay = s["weight_decay"] };

    private static T WithMomentum<T>(this T options, Settings own, Settings auxiliary) where T : MatrixMomentumOptions
        => options with
        {
            LearningRate = own["lr"], Momentum = own["momentum"], WeightDecay = own["weight_decay"],
            Iterations = (int)own.Or("ns_steps", options.Iterations), Auxiliary = options.Auxiliary.WithMoments(auxiliary),
        };

    /// <summary>A case's settings.</summary>
    private sealed class Settings(JsonElement settings, string name)
    {
        public string Case => name;

        public bool IsBFloat16 => Text("newton_schulz_precision") == "bfloat16";

        public bool IsNvlamb => name.StartsWith("nvlamb", StringComparison.Ordinal);

        public double this[string key] => settings.GetProperty(key).GetDouble();

        public double this[string key, int index] => settings.GetProperty(key)[index].GetDouble();

        /// <summary>The settings that stand under a name.</summary>
        public Settings In(string key) => new(settings.GetProperty(key), name);

        public bool Has(string key) => settings.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null;

        public double Or(string key, double otherwise) => Has(key) ? this[key] : otherwise;

        public bool Is(string key) => settings.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.True;

        public string? Text(string key) => settings.GetProperty(key).GetString();
    }
}
