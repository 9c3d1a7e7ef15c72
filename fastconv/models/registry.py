"""The classes that a file may name: a fixed table, so that loading a file never runs its words."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.layers.base import Layer

_MODULES = {
    "Activation": "fastconv.layers",
    "Add": "fastconv.layers",
    "Average": "fastconv.layers",
    "AveragePooling2D": "fastconv.layers",
    "Conv2D": "fastconv.layers",
    "Dense": "fastconv.layers",
    "Dropout": "fastconv.layers",
    "Flatten": "fastconv.layers",
    "Functional": "fastconv.models.functional",
    "InputLayer": "fastconv.layers",
    "MaxPooling2D": "fastconv.layers",
    "ReLU": "fastconv.layers",
    "Rescaling": "fastconv.layers",
    "Sequential": "fastconv.models",
    "Softmax": "fastconv.layers",
}


def describe(layer: Layer) -> dict[str, Any]:
    """A layer or a model as JSON values: the class's name and its configuration."""
    return serialize(layer)


def make(description: Any, custom_objects: Mapping[str, type[Layer]] | None = None) -> Layer:
    """The layer or model that `describe` described.

    Parameters
    ----------
    description : dict
        ``{"class": name, "config": arguments}``.
    custom_objects : dict, optional
        The caller's own layers, by name; nothing else outside of the table is ever made.

    Raises
    ------
    ValueError
        If the description is none, or the class is unknown.
    """
    if not isinstance(description, Mapping) or not isinstance(description.get("config"), Mapping):
        raise ValueError(f"a layer is described by a class and a config; received {description!r}")
    name, config = description.get("class"), dict(description["config"])
    own = dict(custom_objects or {})
    if name in own:
        return own[name].from_config(config)
    if not isinstance(name, str) or name not in _MODULES:
        near = difflib.get_close_matches(str(name), [*_MODULES, *own], n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(
            f"unknown class {name!r}{hint}; a layer of your own is passed in custom_objects"
        )
    cls = getattr(importlib.import_module(_MODULES[name]), name)
    made: Layer = (
        cls.from_config(config, custom_objects=own)
        if getattr(cls, "layers_inside", False)
        else cls.from_config(config)
    )
    return made
