"""The classes that a file may name: a fixed table, so that loading a file never runs its words."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastconv import layers
from fastconv.utils.configured import serialize
from fastconv.utils.custom_objects import custom_object_scope, own_objects

if TYPE_CHECKING:
    from fastconv.layers.base import Layer

_MODELS = {"Functional": "fastconv.models.functional", "Sequential": "fastconv.models"}


def known_classes() -> dict[str, str]:
    """The names of the classes that a file may hold, and their modules: all public layers."""
    return dict.fromkeys(layers.CLASSES, "fastconv.layers") | _MODELS


def describe(layer: Layer) -> dict[str, Any]:
    """A layer or a model as JSON values: the class's name and its configuration."""
    saved: Layer = getattr(layer, "as_saved", layer)
    return serialize(saved)


def make(description: Any, custom_objects: Mapping[str, type[Layer]] | None = None) -> Layer:
    """The layer or model that `describe` described.

    Parameters
    ----------
    description : dict
        ``{"class": name, "config": arguments}``.
    custom_objects : dict, optional
        The caller's own layers, by name, besides those of a `custom_object_scope`; nothing else
        outside of the table is ever made.

    Raises
    ------
    ValueError
        If the description is none, or the class is unknown.
    """
    if not isinstance(description, Mapping) or not isinstance(description.get("config"), Mapping):
        raise ValueError(f"a layer is described by a class and a config; received {description!r}")
    name, config = description.get("class"), dict(description["config"])
    if custom_objects:
        with custom_object_scope(custom_objects):
            return make(description)
    own = own_objects()
    if isinstance(name, str) and isinstance(own.get(name), type):
        mine: Layer = own[name].from_config(config)
        return mine
    modules = known_classes()
    if not isinstance(name, str) or name not in modules:
        near = difflib.get_close_matches(str(name), [*modules, *own], n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(
            f"unknown class {name!r}{hint}; a layer of your own is passed in custom_objects"
        )
    made: Layer = getattr(importlib.import_module(modules[name]), name).from_config(config)
    return made
