"""Rollback of layers after an error: symbolic calls and weights are undone.

Code that changes a layer on the way to a built model (a call on symbolic tensors, a name, its
weights) calls `about_to_change` first, which notes the layer's state; `rolled_back_by_error`
restores the noted states.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from fastconv.plan.parameters import rearranged

if TYPE_CHECKING:
    from fastconv.layers.base import Layer

# A layer's attributes; for a list, set or dictionary also a copy of its content.
State = dict[str, tuple[Any, Any]]

_NOTED: ContextVar[dict[Layer, State] | None] = ContextVar("noted", default=None)


@contextmanager
def rolled_back_by_error() -> Iterator[None]:
    """A context in which an error restores every layer that was about to change."""
    outer, noted = _NOTED.get(), dict[Any, State]()
    token = _NOTED.set(noted)
    try:
        yield
    except BaseException:
        for layer, state in noted.items():
            _restore(layer, state)
        raise
    finally:
        _NOTED.reset(token)
    if outer is not None:
        for layer, state in noted.items():
            outer.setdefault(layer, state)


def about_to_change(layer: Layer) -> None:
    """Note the layer's attributes, unless they are noted or no context would restore them."""
    rearranged()
    noted = _NOTED.get()
    if noted is not None and layer not in noted:
        noted[layer] = {
            name: (value, value.copy() if isinstance(value, (list, set, dict)) else None)
            for name, value in vars(layer).items()
        }


def _restore(layer: Layer, state: State) -> None:
    rearranged()
    attributes = vars(layer)
    attributes.clear()
    for name, (value, content) in state.items():
        attributes[name] = value
        if isinstance(value, list):
            value[:] = content
        elif isinstance(value, (set, dict)):
            value.clear()
            value.update(content)


@contextmanager
def unbuilt_by_error(layer: Layer) -> Iterator[None]:
    """A context for building a layer; an error leaves the layer as it was before.

    Only the seed that it drew is kept, so that its weights do not depend on a failed attempt.
    """
    try:
        with rolled_back_by_error():
            about_to_change(layer)
            try:
                yield
            finally:
                seed = layer._seed
    except BaseException:
        layer._seed = seed
        raise
