"""The classes that a file may name: a fixed table, so that loading a file never runs its code."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from fastconv import layers
from fastconv.utils.configured import serialize
from fastconv.utils.custom_objects import custom_object_scope, own_objects

if TYPE_CHECKING:
    from fastconv.layers.base import Layer
    from fastconv.models.composite import Composite
    from fastconv.models.model import Model

M = TypeVar("M", bound="type[Composite]")

_MODELS: dict[str, type[Composite]] = {}


def register_model(cls: M) -> M:
    """Class decorator that registers one of this package's models."""
    _MODELS[cls.__name__] = cls
    return cls


def known_classes() -> dict[str, type[Layer]]:
    """The classes that a file may name: all public layers, and the registered models."""
    return {name: getattr(layers, name) for name in layers.CLASSES} | _MODELS


def describe(layer: Layer) -> dict[str, Any]:
    """A layer or a model as JSON values: the class's name and its configuration."""
    if layer.layers_inside:
        return cast("Composite", layer).saved_form()
    return serialize(layer)


def make(description: Any, custom_objects: Mapping[str, type[Layer]] | None = None) -> Layer:
    """The layer or model that `describe` described.

    Parameters
    ----------
    description : dict
        ``{"class": name, "config": arguments}``.
    custom_objects : dict, optional
        Custom layers, by name, besides the registered ones and those of a `custom_object_scope`;
        no other class outside of the table is ever used.

    Raises
    ------
    ValueError
        If the description is not valid, or the class is unknown.
    """
    if not isinstance(description, Mapping) or not isinstance(description.get("config"), Mapping):
        raise ValueError(f"a layer is described by a class and a config; received {description!r}")
    name, config = description.get("class"), dict(description["config"])
    if custom_objects:
        with custom_object_scope(custom_objects):
            return make(description)
    own = own_objects()
    if isinstance(name, str) and isinstance(own.get(name), type):
        custom: Layer = own[name].from_config(config)
        return custom
    classes = known_classes()
    if not isinstance(name, str) or name not in classes:
        near = difflib.get_close_matches(str(name), [*classes, *own], n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(
            f"unknown class {name!r}{hint}; a layer of your own is passed in custom_objects"
        )
    return classes[name].from_config(config)


def make_model(description: Any, rule: str) -> Model:
    """The model that `describe` described; raises ValueError, with the rule, for a layer."""
    made = make(description)
    if not made.layers_inside:
        raise ValueError(f"{rule}; received {made!r}")
    return cast("Model", made)
