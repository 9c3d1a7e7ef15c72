"""A network as a list of layers that belongs to no library, and the graph that it stands for.

`graph_of` infers the shapes and draws the weights, so that every library computes with the same
ones. Shapes are without the batch axis and channels last: (height, width, channels) of images,
(steps, channels) of series, (features,) of rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np


@dataclass(frozen=True)
class Window:
    """What convolutions and poolings share; a number means the same along every axis.

    If `padded`, the padding is half the window, whatever the stride: (size − 1) // 2 before and
    size // 2 after.
    """

    size: int | tuple[int, ...]
    stride: int = 1
    padded: bool = True

    def sizes(self, rank: int) -> tuple[int, ...]:
        """The window along each of `rank` axes."""
        return self.size if isinstance(self.size, tuple) else (self.size,) * rank

    def pads(self, rank: int) -> tuple[tuple[int, int], ...]:
        """The padding before and after, along each of `rank` axes."""
        return tuple(((k - 1) // 2, k // 2) if self.padded else (0, 0) for k in self.sizes(rank))

    def outputs(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape after it, without the channels."""
        rank = len(shape) - 1
        pairs = zip(shape[:-1], self.sizes(rank), self.pads(rank), strict=True)
        return tuple((n - k + sum(pads)) // self.stride + 1 for n, k, pads in pairs)


@dataclass(frozen=True)
class Conv(Window):
    """A convolution of images or series."""

    filters: int = field(kw_only=True)
    bias: bool = True


@dataclass(frozen=True)
class Depthwise(Window):
    """A convolution of each channel of images with its own filter."""

    bias: bool = True


@dataclass(frozen=True)
class Transposed:
    """A transposed convolution of images without overlap: every side grows `size` times."""

    size: int
    filters: int


@dataclass(frozen=True)
class MaxPool(Window):
    """The largest value in each window."""

    stride: int = 2
    padded: bool = False


@dataclass(frozen=True)
class AveragePool(Window):
    """The mean of each window; padding does not count."""

    stride: int = 2
    padded: bool = False


@dataclass(frozen=True)
class GlobalAverage:
    """The mean of each channel."""


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalization; moving averages keep nine tenths of what they were."""

    epsilon = 1e-5


@dataclass(frozen=True)
class LayerNorm:
    """Normalization of each position over its channels."""

    epsilon = 1e-6


@dataclass(frozen=True)
class Activate:
    """An activation: relu, relu6, silu, gelu, tanh or sigmoid."""

    kind: str


@dataclass(frozen=True)
class Flatten:
    """Each sample as one row."""


@dataclass(frozen=True)
class Dense:
    """A matrix product with a bias, of rows."""

    units: int


@dataclass(frozen=True)
class Dropout:
    """In training, sets this share of the elements to zero."""

    rate: float


class Branches:
    """Lists of layers that take the same input; an empty list hands it on."""

    def __init__(self, *lists: Sequence[Layer]) -> None:
        self.lists = lists


class Add(Branches):
    """The sum of branches."""


class Concat(Branches):
    """The channels of all branches, one after the other."""


Layer: TypeAlias = (
    Conv
    | Depthwise
    | Transposed
    | MaxPool
    | AveragePool
    | GlobalAverage
    | BatchNorm
    | LayerNorm
    | Activate
    | Flatten
    | Dense
    | Dropout
    | Add
    | Concat
)

CROSS_ENTROPY, SQUARES = "cross-entropy", "mean squared error"


@dataclass(frozen=True)
class Network:
    """A network and its task.

    With `CROSS_ENTROPY` the outputs are logits, and every position has a label; with `SQUARES` the
    network is trained to return its input. `largest` limits the batch size.
    """

    title: str
    shape: tuple[int, ...]
    layers: Sequence[Layer]
    loss: str = CROSS_ENTROPY
    largest: int = 128


@dataclass(frozen=True)
class Node:
    """One layer of a graph, with the numbers of the nodes that it reads and its output's shape.

    `weights` are in Keras's order and form. `flattened` is the shape before the `Flatten` whose
    output a `Dense` layer reads: a library with channels first has to reorder its weights.
    """

    layer: Layer | None
    inputs: tuple[int, ...]
    shape: tuple[int, ...]
    weights: tuple[np.ndarray, ...] = ()
    flattened: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Graph:
    """The nodes of a network in an order of computation; the first is the input."""

    network: Network
    nodes: tuple[Node, ...]

    @property
    def parameters(self) -> int:
        """The number of weights, moving averages included."""
        return sum(array.size for node in self.nodes for array in node.weights)


def graph_of(network: Network, seed: int = 21) -> Graph:
    """The graph of a network, with weights drawn from `seed`.

    The statistics of batch normalization are drawn as well, so that a library that uses them
    otherwise does not go unnoticed.
    """
    nodes = [Node(None, (), network.shape)]
    _append(nodes, network.layers, 0, np.random.default_rng(seed))
    return Graph(network, tuple(nodes))


def samples(graph: Graph, count: int, seed: int = 21) -> tuple[np.ndarray, np.ndarray]:
    """Random inputs between 0 and 1, and what the network is trained to return for them."""
    random = np.random.default_rng(seed)
    x = random.random((count, *graph.network.shape), np.float32)
    if graph.network.loss == SQUARES:
        return x, x
    *positions, classes = graph.nodes[-1].shape
    return x, random.integers(0, classes, (count, *positions))


def _append(
    nodes: list[Node], layers: Sequence[Layer], last: int, random: np.random.Generator
) -> int:
    """Append the layers after node `last`; returns the number of the node that ends them."""
    for layer in layers:
        if isinstance(layer, Branches):
            inputs = tuple(_append(nodes, branch, last, random) for branch in layer.lists)
            shapes = [nodes[k].shape for k in inputs]
            shape = shapes[0]
            if isinstance(layer, Concat):
                shape = (*shape[:-1], sum(s[-1] for s in shapes))
            nodes.append(Node(layer, inputs, shape))
        else:
            shape = nodes[last].shape
            flattened = _flattened(nodes, last) if isinstance(layer, Dense) else None
            weights = _weights(layer, shape, random)
            nodes.append(Node(layer, (last,), _output(layer, shape), weights, flattened))
        last = len(nodes) - 1
    return last


def _output(layer: Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
    match layer:
        case Conv():
            return (*layer.outputs(shape), layer.filters)
        case Depthwise() | MaxPool() | AveragePool():
            return (*layer.outputs(shape), shape[-1])
        case Transposed():
            return (*(layer.size * n for n in shape[:-1]), layer.filters)
        case GlobalAverage():
            return shape[-1:]
        case Flatten():
            return (math.prod(shape),)
        case Dense():
            return (layer.units,)
    return shape


def _weights(
    layer: Layer, shape: tuple[int, ...], random: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Kernels keep the variance under ReLU (He et al. 2015); the rest is near its usual start."""
    channels, rank = shape[-1], len(shape) - 1

    def normal(shape: tuple[int, ...], deviation: float) -> np.ndarray:
        return np.float32(deviation) * random.standard_normal(shape, np.float32)

    def kernel(shape: tuple[int, ...], fan_in: int) -> np.ndarray:
        return normal(shape, math.sqrt(2 / fan_in))

    def around_one() -> np.ndarray:
        return random.uniform(0.8, 1.2, channels).astype(np.float32)

    match layer:
        case Conv():
            form = (*layer.sizes(rank), channels, layer.filters)
            bias = (normal((layer.filters,), 0.1),) if layer.bias else ()
            return (kernel(form, math.prod(form[:-1])), *bias)
        case Depthwise():
            form = (*layer.sizes(rank), channels, 1)
            bias = (normal((channels,), 0.1),) if layer.bias else ()
            return (kernel(form, math.prod(form[:-2])), *bias)
        case Transposed():
            form = (layer.size, layer.size, layer.filters, channels)
            return kernel(form, channels), normal((layer.filters,), 0.1)
        case Dense():
            return kernel((channels, layer.units), channels), normal((layer.units,), 0.1)
        case LayerNorm():
            return around_one(), normal((channels,), 0.1)
        case BatchNorm():
            return around_one(), normal((channels,), 0.1), normal((channels,), 0.1), around_one()
    return ()


def _flattened(nodes: list[Node], last: int) -> tuple[int, ...] | None:
    """The shape before the `Flatten` that ends at node `last`, if there is one."""
    while isinstance(nodes[last].layer, Activate | Dropout):
        (last,) = nodes[last].inputs
    node = nodes[last]
    return nodes[node.inputs[0]].shape if isinstance(node.layer, Flatten) else None
