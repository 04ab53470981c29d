#nullable disable // TorchSharp leaves these types unannotated: what derives from them may choose.
namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            /// <summary>Sets the learning rates of an optimizer's groups, once at the start and at each step.</summary>
            public abstract class LRScheduler
            {
                protected int _step_count;

                private readonly bool _verbose;
                private readonly double[] _last;

                protected LRScheduler(Optimizer optimizer, int last_epoch = -1, bool verbose = false)
                {
                    Optimizer = optimizer;
                    LastEpoch = last_epoch;
                    _verbose = verbose;
                    BaseRates = [.. optimizer.ParamGroups.Select(g => g.InitialLearningRate)];
                    _last = [.. optimizer.ParamGroups.Select(g => g.LearningRate)];
                }

                internal Optimizer Optimizer { get; }

                internal int LastEpoch { get; private set; }

                internal double[] BaseRates { get; }

                public virtual void step() => step(null);

                public virtual void step(int? epoch)
                {
                    _step_count++;
                    LastEpoch = epoch ?? LastEpoch + 1;
                    double[] rates = [.. epoch is null ? get_lr() : get_closed_form_lr()];
                    var place = 0;
                    foreach (var group in Optimizer.ParamGroups)
                    {
                        if (_verbose && _last[place] != rates[place]) Console.WriteLine($"Learning rate {rates[place]}");
                        group.LearningRate = _last[place] = rates[place];
                        place++;
                    }
                }

                public IEnumerable<double> get_last_lr() => _last;

                /// <summary>The rates of the next step, from those of the last.</summary>
                protected virtual IEnumerable<double> get_lr() => Optimizer.ParamGroups.Select(g => g.LearningRate);

                /// <summary>The rates of any step, from the first.</summary>
                protected virtual IEnumerable<double> get_closed_form_lr() => get_lr();
            }

            /// <summary>The initial rate times a function of the step.</summary>
            public static LRScheduler LambdaLR(Optimizer optimizer, Func<int, double> lr_lambda, int last_epoch = -1, bool verbose = false) =>
                new impl.LambdaLR(optimizer, lr_lambda, last_epoch, verbose);

            /// <summary>Multiplies the rate by gamma every so many steps.</summary>
            public static LRScheduler StepLR(Optimizer optimizer, int step_size, double gamma = 0.1, int last_epoch = -1, bool verbose = false) =>
                new impl.StepLR(optimizer, step_size, gamma, last_epoch, verbose);

            public static class impl
            {
                public class LambdaLR : LRScheduler
                {
                    private readonly Func<int, double> _factor;

                    public LambdaLR(Optimizer optimizer, Func<int, double> lr_lambda, int last_epoch = -1, bool verbose = false)
                        : base(optimizer, last_epoch, verbose)
                    {
                        _factor = lr_lambda;
                        step();
                    }

                    protected override IEnumerable<double> get_lr() => BaseRates.Select(rate => rate * _factor(LastEpoch));
                }

                public class StepLR : LRScheduler
                {
                    private readonly int _size;
                    private readonly double _gamma;

                    public StepLR(Optimizer optimizer, int step_size, double gamma = 0.1, int last_epoch = -1, bool verbose = false)
                        : base(optimizer, last_epoch, verbose)
                    {
                        (_size, _gamma) = (step_size, gamma);
                        step();
                    }

                    protected override IEnumerable<double> get_lr() =>
                        Optimizer.ParamGroups.Select(g => LastEpoch == 0 || LastEpoch % _size != 0 ? g.LearningRate : g.LearningRate * _gamma);

                    protected override IEnumerable<double> get_closed_form_lr() => BaseRates.Select(rate => rate * Math.Pow(_gamma, LastEpoch / _size));
                }
            }
        }
    }
}
