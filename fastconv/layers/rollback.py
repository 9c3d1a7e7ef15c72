"""Layers that an error leaves as they were: symbolic calls and weights are taken back.

What changes a layer on the way to a built model (a call on symbolic tensors, a name, its weights)
calls `about_to_change` first; `rolled_back_by_error` restores what was noted within it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastconv.layers.base import Layer

# Every layer's attributes, and for a list, set or dictionary a copy of what was in it.
State = dict[str, tuple[Any, Any]]

_NOTED: ContextVar[dict[Layer, State] | None] = ContextVar("noted", default=None)


@contextmanager
def rolled_back_by_error() -> Iterator[None]:
    """Within it, an error restores every layer that was about to change."""
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
    """Note the layer's attributes, unless they are noted already or nobody would restore them."""
    noted = _NOTED.get()
    if noted is not None and layer not in noted:
        noted[layer] = {
            name: (value, value.copy() if isinstance(value, (list, set, dict)) else None)
            for name, value in vars(layer).items()
        }


def _restore(layer: Layer, state: State) -> None:
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
    """Within it, a layer that is not built yet may be; an error leaves it as it was before.

    Only the seed that it drew stays, so that its weights do not depend on what was refused.
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
