"""PyTorch's side of the benchmarks: answers requests, one JSON object per line, so that both sides are timed in turn.

Requests: {"do": "adamw", "shapes": [[50304, 768], ...], "repeats": 1}   seconds of torch.optim.AdamW steps over those tensors
          {"do": "mlp_step", "batch": 64, "repeats": 10}                 seconds of training steps of the paper's MNIST network, with AdamW
          {"do": "mlp_evaluation", "batch": 64, "repeats": 10}           seconds of forward passes in evaluation mode
          {"do": "mnist", "data": DIR, "optimizer": "focus" | "adamw", "seed": 0, "steps": 400, "batch": 64, "learning_rate": 1e-3,
           "gamma": 0.2}                                   test loss after training on MNIST; in place of the seed, "weights" (float32) and
                                                           "rows" (int64) may name files with the first weights and with the batches
          {"do": "mnist_loss_difference", "losses": [2.3, ...]}          the largest difference to the first training losses of the last such run
          {"do": "gpt2_step", "sequences": 4, "time": 256, "repeats": 3, "shortcuts": false}
                                                           seconds of training steps of GPT-2 small, with AdamW; operation by operation as in the
                                                           paper's code, or with PyTorch's own GELU and masks in place
          {"do": "peak_memory"}                                          the largest resident set of this process so far, in bytes
Answers:  {"value": 0.5}
"""

import functools
import gzip
import json
import math
import pathlib
import resource
import sys
import time

import numpy
import torch
from torch import nn


class Focus(torch.optim.Optimizer):
    """FOCUS as published (arXiv:2501.12243)."""

    def __init__(self, params, lr, beta1=0.9, beta2=0.99, gamma=0.2):
        super().__init__(params, dict(lr=lr, weight_decay=0.0))
        self.beta1, self.beta2, self.gamma = beta1, beta2, gamma

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state.update(t=0, m=torch.zeros_like(p), average=torch.zeros_like(p))
                state["t"] += 1
                state["m"].mul_(self.beta1).add_(p.grad, alpha=1 - self.beta1)
                state["average"].mul_(self.beta2).add_(p, alpha=1 - self.beta2)
                corrected = state["average"] / (1 - self.beta2 ** state["t"])
                direction = state["m"].sign() + self.gamma * (p - corrected).sign()
                p.add_(direction, alpha=-group["lr"])
                p.add_(corrected, alpha=-group["lr"] * group["weight_decay"])


def network():
    widths = [784, 128, 128, 128, 128, 128, 10]
    layers = []
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        layers += [nn.ReLU()] if i else []
        layers += [nn.BatchNorm1d(inputs), nn.Linear(inputs, outputs)]
    return nn.Sequential(*layers)


def parameter_groups(model):
    decayed = [p for p in model.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if p.ndim != 2]
    return [dict(params=decayed, weight_decay=1e-2), dict(params=others, weight_decay=0.0)]


def train_step(model, optimizer, x, y):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item()


@functools.lru_cache(maxsize=None)
def adamw_optimizer(shapes):
    params = [nn.Parameter(torch.full(shape, 0.5)) for shape in shapes]
    for p in params:
        p.grad = torch.full_like(p, 1e-3)
    return torch.optim.AdamW(params, lr=1e-3)


@functools.lru_cache(maxsize=None)
def mlp(batch):
    model = network()
    optimizer = torch.optim.AdamW(parameter_groups(model), lr=1e-6)
    return model, optimizer, torch.rand(batch, 784), torch.arange(batch) % 10


@functools.lru_cache(maxsize=None)
def mnist_split(folder, images, labels):
    def read(name, header):
        raw = gzip.decompress((pathlib.Path(folder) / f"{name}.gz").read_bytes())
        return numpy.frombuffer(raw, numpy.uint8, offset=header)

    pixels = torch.tensor(read(images, 16).reshape(-1, 784).astype(numpy.float32) / 255)
    return pixels, torch.tensor(read(labels, 8).astype(numpy.int64))


def shuffled_rows(count, batch):
    order = torch.tensor([], dtype=torch.int64)
    while True:
        if len(order) < batch:
            order = torch.randperm(count)
        rows, order = order[:batch], order[batch:]
        yield rows


def set_weights(model, path):
    values = torch.from_numpy(numpy.fromfile(path, numpy.float32))
    sizes = [p.numel() for p in model.parameters()]
    with torch.no_grad():
        for p, part in zip(model.parameters(), values.split(sizes)):
            p.copy_(part.view_as(p))


training_losses = []


def mnist(request):
    torch.manual_seed(request.get("seed", 0))
    x, y = mnist_split(request["data"], "train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    test_x, test_y = mnist_split(request["data"], "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    model = network()
    focus = functools.partial(Focus, gamma=request.get("gamma", 0.2))
    make = {"focus": focus, "adamw": torch.optim.AdamW}[request["optimizer"]]
    if "weights" in request:
        set_weights(model, request["weights"])
    optimizer = make(parameter_groups(model), lr=request["learning_rate"])
    batches = shuffled_rows(len(x), request["batch"])
    if "rows" in request:
        batches = torch.from_numpy(numpy.fromfile(request["rows"], numpy.int64)).split(request["batch"])
    training_losses[:] = [train_step(model, optimizer, x[rows], y[rows]) for _, rows in zip(range(request["steps"]), batches)]
    model.eval()
    with torch.no_grad():
        return nn.functional.cross_entropy(model(test_x), test_y).item()


def gelu(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * torch.pow(x, 3))))


class Gpt2Block(nn.Module):
    def __init__(self, layer, width, heads, shortcuts):
        super().__init__()
        self.heads, self.scale = heads, 1 / (math.sqrt(width // heads) * (layer + 1))
        self.shortcuts = shortcuts
        self.norm_1 = nn.Parameter(torch.ones(width))
        self.norm_2 = nn.Parameter(torch.ones(width))
        self.queries_keys_values = nn.Linear(width, 3 * width, bias=False)
        self.projection = nn.Linear(width, width, bias=False)
        self.expansion = nn.Linear(width, 4 * width, bias=False)
        self.contraction = nn.Linear(4 * width, width, bias=False)

    def forward(self, x, future):
        x = x + self.attention(nn.functional.layer_norm(x, x.shape[-1:], self.norm_1), future)
        h = self.expansion(nn.functional.layer_norm(x, x.shape[-1:], self.norm_2))
        return x + self.contraction(nn.functional.gelu(h, approximate="tanh") if self.shortcuts else gelu(h))

    def attention(self, x, future):
        batch, time, width = x.shape
        parts = self.queries_keys_values(x).view(batch, time, 3, self.heads, width // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        if self.shortcuts:
            weights = ((q * self.scale) @ k.transpose(-2, -1)).masked_fill_(future, -math.inf)
        else:
            weights = ((q @ k.transpose(-2, -1)) * self.scale).masked_fill(future, -math.inf)
        return self.projection((weights.softmax(dim=-1) @ v).transpose(1, 2).reshape(batch, time, width))


class Gpt2(nn.Module):
    """GPT-2 small without biases, with attention scaled by the inverse layer index and a tied head."""

    def __init__(self, shortcuts, vocabulary=50304, positions=1024, layers=12, heads=12, width=768):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(positions, width)
        self.blocks = nn.ModuleList(Gpt2Block(layer, width, heads, shortcuts) for layer in range(layers))
        self.norm = nn.Parameter(torch.ones(width))
        self.register_buffer("future", torch.ones(positions, positions, dtype=torch.bool).triu(1), persistent=False)
        for p in self.parameters():
            if p.ndim == 2:
                nn.init.normal_(p, std=0.02)

    def forward(self, tokens, targets):
        time = tokens.shape[1]
        x = self.tokens(tokens) + self.positions.weight[:time]
        for block in self.blocks:
            x = block(x, self.future[:time, :time])
        logits = nn.functional.linear(nn.functional.layer_norm(x, x.shape[-1:], self.norm), self.tokens.weight)
        return nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


@functools.lru_cache(maxsize=None)
def gpt2(sequences, time, shortcuts):
    model = Gpt2(shortcuts)
    decayed = [p for name, p in model.named_parameters() if name.startswith("blocks") and p.ndim == 2]
    others = [p for name, p in model.named_parameters() if not (name.startswith("blocks") and p.ndim == 2)]
    optimizer = torch.optim.AdamW([dict(params=decayed), dict(params=others, weight_decay=0.0)], lr=1e-5)
    return model, optimizer, torch.randint(50257, (sequences, time)), torch.randint(50257, (sequences, time))


def gpt2_step(model, optimizer, tokens, targets):
    optimizer.zero_grad(set_to_none=True)
    loss = model(tokens, targets)
    loss.backward()
    optimizer.step()
    return loss.item()


def seconds(action, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        action()
    return time.perf_counter() - start


def answer(request):
    if request["do"] == "adamw":
        return seconds(adamw_optimizer(tuple(map(tuple, request["shapes"]))).step, request["repeats"])
    if request["do"] == "mnist":
        return mnist(request)
    if request["do"] == "mnist_loss_difference":
        return max(abs(ours - theirs) for ours, theirs in zip(request["losses"], training_losses))
    if request["do"] == "gpt2_step":
        return seconds(lambda: gpt2_step(*gpt2(request["sequences"], request["time"], request["shortcuts"])), request["repeats"])
    if request["do"] == "peak_memory":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    model, optimizer, x, y = mlp(request["batch"])
    if request["do"] == "mlp_step":
        model.train()
        return seconds(lambda: train_step(model, optimizer, x, y), request["repeats"])
    model.eval()
    with torch.no_grad():
        return seconds(lambda: model(x), request["repeats"])


for line in sys.stdin:
    print(json.dumps({"value": answer(json.loads(line))}), flush=True)
