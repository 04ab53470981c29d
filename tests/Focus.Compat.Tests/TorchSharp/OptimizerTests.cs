using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Compat.Tests.TorchSharp;

[TestClass]
public class OptimizerTests
{
    /// <summary>Gradient descent that counts its steps and remembers the last change.</summary>
    private sealed class Descent : OptimizerHelper
    {
        public Descent(IEnumerable<ParamGroup> groups)
        {
            _parameter_groups = [];
            foreach (var group in groups) add_param_group(group);
        }

        public override void add_param_group(ParamGroup param_group)
        {
            base.add_param_group(param_group);
            param_group.Options.InitialLearningRate = param_group.LearningRate;
            foreach (var parameter in param_group.Parameters)
            {
                var state = new State(parameter);
                state.Initialize(param_group.Options);
                _state[parameter.Handle] = state;
            }
        }

        public override Tensor step(Func<Tensor>? closure = null) => _step<ParamGroup<Options>>(
            group =>
            {
                Assert.IsFalse(is_grad_enabled());
                foreach (var parameter in group.Parameters)
                {
                    var state = (State)_state[parameter.Handle];
                    state.Steps++;
                    state.Keep(parameter.grad! * group.Options.LearningRate!.Value * group.Options.Factor);
                    parameter.sub_(state.Last!);
                }
            },
            closure!);

        internal sealed class Options : OptimizerOptions
        {
            public double Factor { get; set; } = 1;

            public override void SaveStateDict(BinaryWriter writer)
            {
                base.SaveStateDict(writer);
                writer.Write(Factor);
            }

            public override void LoadStateDict(BinaryReader reader)
            {
                base.LoadStateDict(reader);
                Factor = reader.ReadDouble();
            }

            public override void LoadStateDict(OptimizerOptions source)
            {
                base.LoadStateDict(source);
                Factor = ((Options)source).Factor;
            }
        }

        internal sealed class State(Parameter parameter) : OptimizerState(parameter)
        {
            private Tensor? _last;

            public long Steps { get; set; }

            public Tensor? Last => _last;

            public void Keep(Tensor last)
            {
                _last?.Dispose();
                _last = last.DetachFromDisposeScope();
            }

            public override void Initialize(OptimizerOptions options) => Steps = 0;

            public override void SaveStateDict(BinaryWriter writer)
            {
                writer.Write(Steps);
                SaveConditionalStateTensor(writer, _last!);
            }

            public override void LoadStateDict(BinaryReader reader)
            {
                Steps = reader.ReadInt64();
                LoadConditionalStateTensor(reader, ref _last!, _parameter.device);
            }

            public override void LoadStateDict(OptimizerState source)
            {
                Steps = ((State)source).Steps;
                Keep(((State)source)._last!.clone());
            }

            public override bool ApproximatelyEquals(OptimizerState other) =>
                other is State state && state.Steps == Steps && state._last!.allclose(_last!);

            public override void to(Device device) => Keep(_last!.to(device));
        }
    }

    private static (Parameter[] Parameters, Descent Optimizer) Create(double factor = 2)
    {
        Parameter[] parameters = [new(ones(2)), new(ones(1)), new(ones(1))];
        return (parameters, new Descent(
        [
            new ParamGroup<Descent.Options>(parameters[..2], new() { LearningRate = 0.1, Factor = factor }),
            new ParamGroup<Descent.Options> { Parameters = parameters[2..], Options = new() { LearningRate = 0.5 } },
        ]));
    }

    private static Tensor Loss(Parameter[] parameters) => parameters.Select(p => p.square().sum()).Aggregate((a, b) => a + b);

    [TestMethod]
    public void A_step_uses_the_options_of_each_group()
    {
        var (parameters, optimizer) = Create();
        using (optimizer)
        {
            var loss = optimizer.step(() =>
            {
                Assert.IsTrue(is_grad_enabled());
                var value = Loss(parameters);
                value.backward();
                return value;
            });
            Assert.AreEqual(4.0, loss.ToDouble(), 1e-6);
            AssertTensor.AreEqual([0.6f, 0.6f], parameters[0]);
            AssertTensor.AreEqual([0], parameters[2]);
            CollectionAssert.AreEqual(parameters, optimizer.parameters().ToArray());
            optimizer.zero_grad();
            AssertTensor.AreEqual([0, 0], parameters[0].grad!);
        }
    }

    private static Descent Stepped(Parameter[] parameters, Descent optimizer)
    {
        Loss(parameters).backward();
        optimizer.step();
        return optimizer;
    }

    [TestMethod]
    public void A_state_survives_a_stream()
    {
        var (parameters, source) = Create();
        Stepped(parameters, source);
        var (_, target) = Create(factor: 7);
        using var memory = new MemoryStream();
        source.save_state_dict(new BinaryWriter(memory));
        memory.Position = 0;
        target.load_state_dict(new BinaryReader(memory));
        AreSame(source, target);
    }

    [TestMethod]
    public void A_state_survives_a_file()
    {
        var (parameters, source) = Create();
        Stepped(parameters, source);
        var (_, target) = Create(factor: 7);
        var path = Path.GetTempFileName();
        source.save_state_dict(path);
        target.load_state_dict(path);
        File.Delete(path);
        AreSame(source, target);
    }

    [TestMethod]
    public void A_state_is_copied_to_another_optimizer()
    {
        var (parameters, source) = Create();
        Stepped(parameters, source).to(CPU);
        var (_, target) = Create(factor: 7);
        target.load_state_dict(source.state_dict());
        AreSame(source, target);
        Assert.AreNotSame(source.state_dict().State[0], target.state_dict().State[0]);
    }

    private static void AreSame(Descent source, Descent target)
    {
        var (ours, theirs) = (source.state_dict(), target.state_dict());
        CollectionAssert.AreEqual(new[] { 0, 1 }, ours.StateIndexRef[0]);
        CollectionAssert.AreEqual(new[] { 2 }, theirs.StateIndexRef[1]);
        foreach (var (a, b) in ours.State.Zip(theirs.State)) Assert.IsTrue(a.ApproximatelyEquals(b));
        Assert.AreEqual(2.0, ((Descent.Options)theirs.Options[0]).Factor);
        Assert.AreEqual(0.5, theirs.Options[1].LearningRate);
    }

    [TestMethod]
    public void States_of_another_optimizer_are_refused()
    {
        var (parameters, source) = Create();
        Stepped(parameters, source);
        using var memory = new MemoryStream();
        var writer = new BinaryWriter(memory);
        writer.Write("Other");
        memory.Position = 0;
        Assert.ThrowsExactly<InvalidDataException>(() => source.load_state_dict(new BinaryReader(memory)));
        var smaller = new Descent([new ParamGroup<Descent.Options>([new Parameter(ones(1))], new() { LearningRate = 1 })]);
        Assert.ThrowsExactly<ArgumentException>(() => smaller.load_state_dict(source.state_dict()));
    }

    [TestMethod]
    public void Schedules_set_the_rate_of_every_group()
    {
        var (_, optimizer) = Create();
        var schedule = optim.lr_scheduler.LambdaLR(optimizer, step => 1.0 / (1 + step));
        Assert.AreEqual(0.1, optimizer.ParamGroups.First().LearningRate, 1e-12);
        schedule.step();
        Assert.AreEqual(0.05, optimizer.ParamGroups.First().LearningRate, 1e-12);
        Assert.AreEqual(0.25, optimizer.ParamGroups.Last().LearningRate, 1e-12);
        CollectionAssert.AreEqual(new[] { 0.05, 0.25 }, schedule.get_last_lr().ToArray());
        Assert.AreEqual(0.1, optimizer.ParamGroups.First().InitialLearningRate, 1e-12);
    }

    [TestMethod]
    public void A_stepped_schedule_falls_every_so_many_steps()
    {
        var (_, optimizer) = Create();
        var schedule = optim.lr_scheduler.StepLR(optimizer, 2, gamma: 0.5);
        var rates = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            rates.Add(optimizer.ParamGroups.First().LearningRate);
            schedule.step();
        }
        CollectionAssert.AreEqual(new[] { 0.1, 0.1, 0.05, 0.05, 0.025 }, rates);
        schedule.step(2);
        Assert.AreEqual(0.05, optimizer.ParamGroups.First().LearningRate, 1e-12);
    }
}
