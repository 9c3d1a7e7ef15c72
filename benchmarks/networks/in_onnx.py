"""A graph as an ONNX model, run by ONNX Runtime: inference only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from networks import description as d

OPSET, FORMAT = 20, 10

ACTIVATIONS: dict[str, tuple[str, tuple[float, ...]]] = {
    "relu": ("Relu", ()),
    "relu6": ("Clip", (0, 6)),
    "gelu": ("Gelu", ()),
    "tanh": ("Tanh", ()),
    "sigmoid": ("Sigmoid", ()),
}
"""The operators, and their constants."""


class InOnnxRuntime:
    """The network in ONNX Runtime, with all its optimizations of graphs."""

    def __init__(self, graph: d.Graph, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(
            model_of(graph).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """What the network computes, channels last."""
        y = self.inference(x)()
        return np.moveaxis(y, 1, -1) if y.ndim > 2 else y

    def inference(self, x: np.ndarray) -> Callable[[], Any]:
        """Inference on one batch."""
        inputs = {"x0": np.ascontiguousarray(np.moveaxis(x, -1, 1) if x.ndim > 2 else x)}
        return lambda: self.session.run(None, inputs)[0]


def model_of(graph: d.Graph) -> onnx.ModelProto:
    """The ONNX model: channels second, batches of any size; value `xN` is the output of node N."""
    writer = _Writer(graph)
    for number in range(1, len(graph.nodes)):
        writer.node(number)
    values = [
        helper.make_tensor_value_info(
            name, onnx.TensorProto.FLOAT, ["batch", *shape[-1:], *shape[:-1]]
        )
        for name, shape in (
            ("x0", graph.network.shape),
            (f"x{len(graph.nodes) - 1}", graph.nodes[-1].shape),
        )
    ]
    inside = helper.make_graph(
        writer.nodes, "network", values[:1], values[1:], list(writer.constants.values())
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(inside, opset_imports=opsets, ir_version=FORMAT)
    onnx.checker.check_model(model)
    return model


class _Writer:
    """The operators and constants of a graph."""

    def __init__(self, graph: d.Graph) -> None:
        self.graph = graph
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def constant(self, name: str, array: np.ndarray) -> str:
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def node(self, number: int) -> None:
        """Write one node of the graph."""
        node = self.graph.nodes[number]
        x, y = [f"x{k}" for k in node.inputs], f"x{number}"
        shape = self.graph.nodes[node.inputs[0]].shape
        rank, layer = len(shape) - 1, node.layer
        weights = [
            self.constant(f"w{number}_{k}", array) for k, array in enumerate(_weights(node, layer))
        ]
        match layer:
            case d.Conv():
                self.add("Conv", x + weights, y, **_window(layer, rank))
            case d.Depthwise():
                self.add("Conv", x + weights, y, group=shape[-1], **_window(layer, rank))
            case d.Transposed():
                strides = [layer.size] * rank
                self.add("ConvTranspose", x + weights, y, kernel_shape=strides, strides=strides)
            case d.MaxPool():
                self.add("MaxPool", x, y, **_window(layer, rank))
            case d.AveragePool():
                self.add("AveragePool", x, y, count_include_pad=0, **_window(layer, rank))
            case d.GlobalAverage():
                self.add("Flatten", [self.add("GlobalAveragePool", x, f"{y}_map")], y)
            case d.BatchNorm():
                self.add("BatchNormalization", x + weights, y, epsilon=layer.epsilon)
            case d.LayerNorm():
                self.layer_norm(x, weights, y, rank, layer.epsilon)
            case d.Activate(kind="silu"):
                self.add("Mul", [*x, self.add("Sigmoid", x, f"{y}_gate")], y)
            case d.Activate():
                kind, numbers = ACTIVATIONS[layer.kind]
                constants = [self.constant(f"c{n}", np.array(n, np.float32)) for n in numbers]
                self.add(kind, x + constants, y)
            case d.Flatten():
                self.add("Flatten", x, y)
            case d.Dense():
                self.add("Gemm", x + weights, y)
            case d.Dropout():
                self.add("Identity", x, y)
            case d.Add():
                self.add("Sum" if len(x) > 2 else "Add", x, y)
            case d.Concat():
                self.add("Concat", x, y, axis=1)
            case _:
                raise TypeError(layer)

    def layer_norm(
        self, x: list[str], weights: list[str], y: str, rank: int, epsilon: float
    ) -> None:
        """Over the channels, which the operator wants last."""
        more = {"axis": -1, "epsilon": epsilon}
        if not rank:
            self.add("LayerNormalization", x + weights, y, **more)
            return
        last = self.add("Transpose", x, f"{y}_last", perm=[0, *range(2, rank + 2), 1])
        done = self.add("LayerNormalization", [last, *weights], f"{y}_done", **more)
        self.add("Transpose", [done], y, perm=[0, rank + 1, *range(1, rank + 1)])


def _window(layer: d.Window, rank: int) -> dict[str, list[int]]:
    pads = layer.pads(rank)
    return {
        "kernel_shape": list(layer.sizes(rank)),
        "strides": [layer.stride] * rank,
        "pads": [before for before, _ in pads] + [after for _, after in pads],
    }


def _weights(node: d.Node, layer: Any) -> list[np.ndarray]:
    """The weights in ONNX's form."""
    if not node.weights:
        return []
    kernel, *others = node.weights
    match layer:
        case d.Conv() | d.Transposed():
            kernel = np.moveaxis(kernel, (-1, -2), (0, 1))
        case d.Depthwise():
            kernel = np.moveaxis(kernel, (-2, -1), (0, 1))
        case d.Dense() if node.flattened is not None:
            kernel = kernel.reshape(*node.flattened, -1)
            kernel = np.moveaxis(kernel, -2, 0).reshape(-1, layer.units)
    return [kernel, *others]
