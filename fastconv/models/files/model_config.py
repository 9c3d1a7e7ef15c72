"""Models from configurations, without their weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastconv.layers.base import Layer
from fastconv.models.composite import Composite
from fastconv.models.files.description import json_value
from fastconv.models.files.registry import describe, make_model
from fastconv.utils.custom_objects import custom_object_scope

if TYPE_CHECKING:
    from fastconv.models.model import Model


def clone_model(model: Model) -> Model:
    """A new model with equal layers and the same initial weights.

    Parameters
    ----------
    model : Model

    Returns
    -------
    Model
        Not compiled.

    Examples
    --------
    >>> from fastconv import Input, Sequential
    >>> from fastconv.layers import Dense
    >>> model = Sequential([Input((4,)), Dense(3)], seed=21)
    >>> other = clone_model(model)
    >>> other.layers[0] is model.layers[0], other.output_shape
    (False, (None, 3))
    """
    if not isinstance(model, Composite):
        raise TypeError(f"clone_model: takes a model; received {model!r}")
    with custom_object_scope(_classes(model)):
        return make_model(describe(model), "clone_model: the outermost class must be a model")


def to_json(model: Model, **options: Any) -> str:
    """The configuration as text; `options` are those of `json.dumps`."""
    return json.dumps(describe(model), **options)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """The model that `Model.to_json` described, with weights drawn from its seed.

    Parameters
    ----------
    json_string : str
    custom_objects : dict, optional
        Custom layers, by name.

    Raises
    ------
    ValueError
        If the text does not describe a model, or names an unknown class.

    Examples
    --------
    >>> from fastconv import Input, Sequential
    >>> from fastconv.layers import Dense
    >>> model = Sequential([Input((4,)), Dense(3)], seed=21)
    >>> again = model_from_json(model.to_json())
    >>> bool((again.get_weights()[0] == model.get_weights()[0]).all())
    True
    """
    where = "model_from_json"
    try:
        description = json_value(json_string)
    except ValueError as error:
        raise ValueError(f"{where}: the text must be JSON; received {error}") from error
    with custom_object_scope(custom_objects):
        return make_model(description, f"{where}: the outermost class must be a model")


def _classes(layer: Layer) -> dict[str, Any]:
    """The classes of a model's layers, by name, including those of nested models."""
    found = {type(layer).__name__: type(layer)}
    for inside in layer.layers if isinstance(layer, Composite) else ():
        found |= _classes(inside)
    return found
