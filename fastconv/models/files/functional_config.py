"""The configuration of a functional model: its layers, and the inputs of each call of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from fastconv.layers.base import Layer
from fastconv.layers.input import InputLayer
from fastconv.layers.symbolic import Call, SymbolicTensor
from fastconv.models.files.registry import describe, make
from fastconv.utils.random import derive_seed
from fastconv.utils.structures import leaves

if TYPE_CHECKING:
    from fastconv.models.composite import Composite
    from fastconv.models.functional import Functional

M = TypeVar("M", bound="Functional")


def to_config(model: Composite) -> dict[str, Any]:
    """The configuration: every layer once, and the calls as ``[layer index, inputs, training]``.

    A tensor is written as the index of its call and its index among the call's outputs.
    """
    call_index = {call: k for k, call in enumerate(model.calls_inside)}
    layer_index = {layer: k for k, layer in enumerate(model.layers)}

    def reference(structure: Any) -> Any:
        if isinstance(structure, SymbolicTensor):
            return {"call": call_index[structure.call], "output": structure.index}
        if isinstance(structure, Mapping):
            return {"dict": {key: reference(part) for key, part in structure.items()}}
        return [reference(part) for part in structure]

    return {
        "name": model.name,
        "trainable": model.trainable,
        "seed": model.seed,
        "layers": [_entry(model, layer, k) for k, layer in enumerate(model.layers)],
        "calls": [
            [layer_index[c.layer], reference(c.inputs), c.training] for c in model.calls_inside
        ],
        "inputs": reference(model.input),
        "outputs": reference(model.output),
    }


def from_config(
    cls: type[M],
    config: Mapping[str, Any],
    custom_objects: Mapping[str, type[Layer]] | None = None,
) -> M:
    """The model that `to_config` described, with newly drawn weights."""
    layers = [make(entry, custom_objects) for entry in config["layers"]]
    for layer, entry in zip(layers, config["layers"], strict=True):
        if "seed" in entry:
            layer.take_seed(int(entry["seed"]))
    calls: list[Call] = []

    def tensors(written: Any) -> Any:
        if isinstance(written, list):
            return [tensors(part) for part in written]
        if "dict" in written:
            return {key: tensors(part) for key, part in written["dict"].items()}
        return leaves(calls[written["call"]].outputs)[written["output"]]

    for index, inputs, training in config["calls"]:
        layer = layers[index]
        if not isinstance(layer, InputLayer):
            layer(tensors(inputs), training=training)
        calls.append(layer.calls[-1])
    model = cls(
        tensors(config["inputs"]), tensors(config["outputs"]), config["name"], config["seed"]
    )
    if [model.layers.index(layer) for layer in layers] != list(range(len(layers))):
        raise ValueError("the layers are in another order than the calls have them")
    model._trainable = bool(config["trainable"])  # each layer's is in its configuration
    return model


def _entry(model: Composite, layer: Layer, index: int) -> dict[str, Any]:
    entry = describe(layer)
    entry["config"] = {**entry["config"], "name": model.name_of(layer)}
    if not layer.layers_inside and layer.seed != derive_seed(model.seed, index):
        entry["seed"] = layer.seed
    return entry
