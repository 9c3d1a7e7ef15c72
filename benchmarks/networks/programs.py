"""The contestants."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from networks.description import Graph, Network

TRAINING, INFERENCE = "training", "inference"
MODES = (TRAINING, INFERENCE)


@dataclass(frozen=True)
class Program:
    """A library in one of its settings, measured in a process of its own.

    `make(graph, threads)` imports the library. `label` stands in the table.
    """

    title: str
    label: str
    make: Callable[[Graph, int], Any]
    packages: Sequence[str] = ()
    modes: Sequence[str] = MODES
    images_only: bool = False

    @property
    def missing(self) -> list[str]:
        """The packages that are not installed."""
        return [name for name in self.packages if find_spec(name) is None]

    def measures(self, network: Network, mode: str) -> bool:
        """Whether there is anything to measure; without images there is only one layout."""
        return mode in self.modes and (not self.images_only or len(network.shape) == 3)


def _in_fastconv(graph: Graph, threads: int) -> Any:
    from networks.functional import in_fastconv

    return in_fastconv(graph, threads)


def _in_keras(graph: Graph, threads: int) -> Any:
    from networks.functional import in_keras

    return in_keras(graph, threads)


def _in_torch(layout: str, compiled: bool = False) -> Callable[[Graph, int], Any]:
    def make(graph: Graph, threads: int) -> Any:
        from networks.in_torch import InTorch

        return InTorch(graph, threads, layout, compiled)

    return make


def _in_onnxruntime(graph: Graph, threads: int) -> Any:
    from networks.in_onnx import InOnnxRuntime

    return InOnnxRuntime(graph, threads)


OURS = "fastconv"
COMPILED = "torch-compile"

PROGRAMS = {
    OURS: Program("fastconv", "fastconv", _in_fastconv),
    "torch-nchw": Program("PyTorch, NCHW", "NCHW", _in_torch("contiguous_format"), ("torch",)),
    "torch-nhwc": Program(
        "PyTorch, channels_last", "NHWC", _in_torch("channels_last"), ("torch",), images_only=True
    ),
    COMPILED: Program(
        "PyTorch, torch.compile", "compiled", _in_torch("contiguous_format", True), ("torch",)
    ),
    "keras": Program("Keras on TensorFlow", "Keras", _in_keras, ("keras", "tensorflow")),
    "onnxruntime": Program(
        "ONNX Runtime", "ORT", _in_onnxruntime, ("onnx", "onnxruntime"), (INFERENCE,)
    ),
}
"""The contestants by the names that the command takes."""

PEERS = tuple(name for name in PROGRAMS if name != OURS)


def versions(names: Sequence[str]) -> dict[str, str]:
    """The versions of the installed packages of these programs."""
    packages = {package for name in names for package in PROGRAMS[name].packages}
    return {name: importlib.metadata.version(name) for name in sorted(packages) if find_spec(name)}
