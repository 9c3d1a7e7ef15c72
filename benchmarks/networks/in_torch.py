"""A graph in PyTorch, in one of its layouts, optionally compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as f

from networks import description as d
from networks.functional import LEARNING_RATE

ACTIVATIONS = {
    "relu": lambda: nn.ReLU(inplace=True),
    "relu6": lambda: nn.ReLU6(inplace=True),
    "silu": lambda: nn.SiLU(inplace=True),
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


class InTorch:
    """The network in PyTorch, with Adam in its fused form, and its steps."""

    def __init__(
        self,
        graph: d.Graph,
        threads: int,
        layout: str = "contiguous_format",
        compiled: bool = False,
        rate: float = LEARNING_RATE,
    ) -> None:
        torch.set_num_threads(threads)
        self.format = getattr(torch, layout)
        self.squares = graph.network.loss == d.SQUARES
        self.model = Modules(graph).to(memory_format=self.format)
        self.optimizer = torch.optim.Adam(self.model.parameters(), rate, fused=True)
        # The sizes are fixed: a batch of another size is compiled for itself.
        self.call = torch.compile(self.model, dynamic=False) if compiled else self.model

    def tensor(self, x: np.ndarray) -> Any:
        """Inputs with channels second, in the layout."""
        x = torch.from_numpy(x)
        if x.ndim < 3:
            return x
        x = x.movedim(-1, 1)
        return x.contiguous(memory_format=self.format) if x.ndim == 4 else x.contiguous()

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """What the network computes in inference, channels last."""
        y = self.inference(x)()
        return (y.movedim(1, -1) if y.ndim > 2 else y).numpy()

    def training(self, x: np.ndarray, y: np.ndarray) -> Callable[[], Any]:
        """A step of training on one batch, which returns the loss."""
        inputs = self.tensor(x)
        targets = self.tensor(y) if self.squares else torch.from_numpy(y)
        loss = f.mse_loss if self.squares else f.cross_entropy

        def step() -> Any:
            self.optimizer.zero_grad(set_to_none=True)
            value = loss(self.call(inputs), targets)
            value.backward()
            self.optimizer.step()
            return value.detach()

        self.model.train()
        return step

    def inference(self, x: np.ndarray) -> Callable[[], Any]:
        """Inference on one batch."""
        inputs = self.tensor(x)

        def step() -> Any:
            with torch.inference_mode():
                return self.call(inputs)

        self.model.eval()
        return step


class Modules(nn.Module):
    """The modules of a graph, called in its order."""

    def __init__(self, graph: d.Graph) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            _module(node, graph.nodes[node.inputs[0]].shape) for node in graph.nodes[1:]
        )
        self.inputs = [node.inputs for node in graph.nodes[1:]]
        read = [k for inputs in self.inputs for k in inputs]
        for part, inputs in zip(self.parts, self.inputs, strict=True):
            # What another layer reads as well must not be overwritten.
            if getattr(part, "inplace", False) and read.count(inputs[0]) > 1:
                part.inplace = False

    def forward(self, x: Any) -> Any:
        values = [x]
        for part, inputs in zip(self.parts, self.inputs, strict=True):
            values.append(part(*(values[k] for k in inputs)))
        return values[-1]


class Sum(nn.Module):
    def forward(self, first: Any, *others: Any) -> Any:
        for other in others:
            first = first + other
        return first


class Cat(nn.Module):
    def forward(self, *branches: Any) -> Any:
        return torch.cat(branches, 1)


class Mean(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.mean(tuple(range(2, x.ndim)))


class ChannelNorm(nn.LayerNorm):
    """Layer normalization over the channels of a map, in the second axis."""

    def forward(self, x: Any) -> Any:
        if x.ndim == 2:
            return super().forward(x)
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def _module(node: d.Node, shape: tuple[int, ...]) -> nn.Module:
    """The module of a node whose input has a shape, with the weights of the graph."""
    module = _without_weights(node.layer, shape)
    layer, tensors = node.layer, [torch.from_numpy(array) for array in node.weights]
    if not tensors:
        return module
    kernel = tensors[0]
    match layer:
        case d.Conv() | d.Transposed():
            kernel = kernel.movedim((-1, -2), (0, 1))
        case d.Depthwise():
            kernel = kernel.movedim((-2, -1), (0, 1))
        case d.Dense():
            if node.flattened is not None:
                *positions, channels = node.flattened
                kernel = kernel.unflatten(0, (*positions, channels)).movedim(-2, 0).flatten(0, -2)
            kernel = kernel.T
    weights = [module.weight, module.bias][: len(tensors)]
    if isinstance(layer, d.BatchNorm):
        weights += [module.running_mean, module.running_var]
    with torch.no_grad():
        for own, given in zip(weights, [kernel, *tensors[1:]], strict=True):
            own.copy_(given)
    return module


def _without_weights(layer: Any, shape: tuple[int, ...]) -> nn.Module:
    rank, channels = len(shape) - 1, shape[-1]

    def kind(name: str) -> Any:
        return getattr(nn, f"{name}{rank}d")

    match layer:
        case d.Conv():
            args = (channels, layer.filters, layer.size, layer.stride)
            return _padded(layer, rank, lambda p: kind("Conv")(*args, p, bias=layer.bias))
        case d.Depthwise():
            args = (channels, channels, layer.size, layer.stride)
            more = {"groups": channels, "bias": layer.bias}
            return _padded(layer, rank, lambda p: kind("Conv")(*args, p, **more))
        case d.Transposed():
            return kind("ConvTranspose")(channels, layer.filters, layer.size, layer.size)
        case d.MaxPool():
            return _padded(layer, rank, lambda p: kind("MaxPool")(layer.size, layer.stride, p))
        case d.AveragePool():
            pool, without = kind("AvgPool"), {"count_include_pad": False}
            return _padded(layer, rank, lambda p: pool(layer.size, layer.stride, p, **without))
        case d.GlobalAverage():
            return Mean()
        case d.BatchNorm():
            return (kind("BatchNorm") if rank else nn.BatchNorm1d)(channels, layer.epsilon, 0.1)
        case d.LayerNorm():
            return ChannelNorm(channels, layer.epsilon)
        case d.Activate():
            return ACTIVATIONS[layer.kind]()
        case d.Flatten():
            return nn.Flatten()
        case d.Dense():
            return nn.Linear(channels, layer.units)
        case d.Dropout():
            return nn.Dropout(layer.rate)
        case d.Add():
            return Sum()
        case d.Concat():
            return Cat()
    raise TypeError(layer)


def _padded(layer: d.Window, rank: int, make: Callable[[Any], Any]) -> Any:
    """The module with the same padding on both sides; convolutions may need one more behind."""
    pads = layer.pads(rank)
    if all(before == after for before, after in pads):
        return make(tuple(before for before, _ in pads))
    assert isinstance(layer, d.Conv | d.Depthwise)
    assert layer.stride == 1
    return make("same")
