#nullable disable // TorchSharp leaves these types unannotated.
using TorchSharp.Modules;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>Modules one after the other, under the names "0", "1", …</summary>
            public static Sequential Sequential(params Module<Tensor, Tensor>[] modules) =>
                new(modules.Select((module, place) => (place.ToString(), module)));

            /// <summary>Modules one after the other.</summary>
            public static Sequential Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) => new(modules);
        }
    }
}

namespace TorchSharp.Modules
{
    public class Sequential : torch.nn.Module<torch.Tensor, torch.Tensor>
    {
        private readonly List<torch.nn.Module<torch.Tensor, torch.Tensor>> _modules = [];

        internal Sequential(IEnumerable<(string Name, torch.nn.Module<torch.Tensor, torch.Tensor> Module)> modules) : base(nameof(Sequential))
        {
            foreach (var (name, module) in modules)
            {
                register_module(name, module);
                _modules.Add(module);
            }
        }

        public int Count => _modules.Count;

        /// <summary>Disposes what the modules hand to each other.</summary>
        public override torch.Tensor forward(torch.Tensor tensor)
        {
            if (Count == 0) return tensor.alias();
            var result = _modules[0].call(tensor);
            foreach (var module in _modules.Skip(1))
            {
                using var input = result;
                result = module.call(input);
            }
            return result;
        }
    }
}
