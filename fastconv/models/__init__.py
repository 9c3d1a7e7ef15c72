"""Models: chains and graphs of layers, with training, evaluation, prediction and saving.

===============  ==================================================================================
file             what is there
===============  ==================================================================================
model.py         `Model`: the public methods of every model
sequential.py    `Sequential`, a chain of layers
functional.py    `Functional`, made by ``Model(inputs, outputs)``: any acyclic graph of layers
composite.py     the base of all three: a layer made of layers, its inputs, outputs and weights
layer_graph.py   the calls of layers between symbolic inputs and outputs
tracing.py       the calls between a model's outputs and its inputs, in topological order
subclassed.py    the layer graph that a subclass's ``call(self, inputs)`` makes
tensor_spec.py   names, shapes and dtypes of inputs and outputs; arrays matched with them by name
layer_names.py   unique names of the layers of a model
compiled.py      the arguments of `compile`: optimizer, losses, metrics
plans.py         the packed parameters, and the plans for training and inference
summary.py       `Model.summary`: the table of layers
text_table.py    text tables with lines around their cells
data/            from x and y to batches: checks, batch sources, streams, prefetch, class weights
training/        the loops: fit, evaluate, predict, single batches
files/           checkpoints, weights, configurations, and the classes that they may name
zoo/             predefined networks with their recipes
===============  ==================================================================================
"""

from __future__ import annotations

import importlib
from typing import Any

from fastconv.models.files.checkpoint import load_model, save_model
from fastconv.models.files.model_config import clone_model, model_from_json
from fastconv.models.functional import Functional as _Functional  # noqa: F401 - registers itself
from fastconv.models.model import Model
from fastconv.models.sequential import Sequential

__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
    "zoo",
]


def __getattr__(name: str) -> Any:
    if name == "zoo":
        return importlib.import_module("fastconv.models.zoo")
    raise AttributeError(f"module 'fastconv.models' has no attribute {name!r}")
