"""Custom classes and functions, by the names that files and configurations use for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_SCOPE: ContextVar[Mapping[str, Any]] = ContextVar("custom_objects", default={})  # noqa: B039
_REGISTERED: dict[str, Any] = {}


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any] | None) -> Iterator[None]:
    """A context in which files and configurations may name these classes and functions.

    Parameters
    ----------
    custom_objects : dict
        Custom layers, losses, metrics, optimizers, schedules, initializers and regularizers, and
        functions used as losses or metrics, by name.

    Examples
    --------
    >>> from fastconv import initializers
    >>> class Threes(initializers.Initializer):
    ...     def __call__(self, shape, seed=None):
    ...         return np.full(shape, 3.0)
    >>> with custom_object_scope({"Threes": Threes}):
    ...     initializers.get({"class": "Threes", "config": {}})((2,)).tolist()
    [3.0, 3.0]
    """
    if custom_objects is not None and not isinstance(custom_objects, Mapping):
        raise TypeError(
            "custom_objects: must be a dict from names to classes and functions; received "
            f"{custom_objects!r}"
        )
    token = _SCOPE.set({**_SCOPE.get(), **(custom_objects or {})})
    try:
        yield
    finally:
        _SCOPE.reset(token)


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """A decorator for custom classes and functions that files may refer to by name.

    Parameters
    ----------
    package : str
        Accepted as in Keras; files hold the name alone.
    name : str, optional
        Default: the name of the class or function.

    Examples
    --------
    >>> from fastconv.layers import Layer
    >>> @register_keras_serializable()
    ... class Mine(Layer):
    ...     def emit(self, graph, x):
    ...         return graph.affine(x, 2.0, 0.0)
    """
    for value, what in ((package, "package"), (name, "name")):
        if not isinstance(value, (str, type(None))):
            raise TypeError(
                f"register_keras_serializable: {what} must be a text; received {value!r} (write "
                "@register_keras_serializable())"
            )

    def register(thing: T) -> T:
        own = getattr(thing, "__name__", "")
        _REGISTERED.update({own: thing, name or own: thing})
        return thing

    return register


def own_objects() -> dict[str, Any]:
    """The registered objects, and those of the enclosing scopes."""
    return {**_REGISTERED, **_SCOPE.get()}
