"""The base of initializers, losses, metrics, optimizers and layers: checked keyword arguments, a
serializable configuration, and lookup by name."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, Self, TypeVar

from fastconv.utils.custom_objects import own_objects

T = TypeVar("T", bound="Configured")
P = ParamSpec("P")
R = TypeVar("R")


class Configured:
    """An object made from keyword arguments, which `get_config` returns.

    Every subclass's constructor passes unknown keyword arguments up to this one, which raises
    TypeError and proposes the nearest valid name. `more_keywords` lists the arguments that appear
    in no signature.
    """

    def __init__(self, **unknown: Any) -> None:
        if unknown:
            raise unknown_keyword(type(self), unknown)

    def get_config(self) -> dict[str, Any]:
        """The keyword arguments (JSON values only) that make an equal object."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make an object from what `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        inside = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({inside})"


def unknown_keyword(cls: type, unknown: Mapping[str, Any]) -> TypeError:
    """The error for keyword arguments that no constructor of `cls` and its bases takes."""
    constructors = [vars(base)["__init__"] for base in cls.__mro__[:-1] if "__init__" in vars(base)]
    names = dict.fromkeys(name for made in constructors for name in _keywords(made))
    names |= dict.fromkeys(getattr(cls, "more_keywords", ()))
    return _unknown(cls.__name__, list(names), next(iter(unknown)))


def checked_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function so that an unknown keyword argument's error proposes the nearest one."""
    names = _keywords(function)

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in names:
                raise _unknown(function.__name__, names, name)
        return function(*args, **kwargs)

    return checked


def _keywords(function: Callable[..., Any]) -> list[str]:
    return [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        and parameter.name != "self"
    ]


def unknown_choice(where: str, names: list[str], received: str) -> TypeError:
    """The error for an argument that is not among `names`; the nearest one is proposed."""
    return _unknown(where, names, received)


def _unknown(where: str, names: list[str], received: str) -> TypeError:
    near = difflib.get_close_matches(received, names, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return TypeError(
        f"{where}: the arguments are {', '.join(names) or 'none'}; received {received!r}{hint}"
    )


def serialize(thing: Configured) -> dict[str, Any]:
    """The class's name and the configuration, for a file."""
    return {"class": type(thing).__name__, "config": thing.get_config()}


def resolve(value: Any, base: type[T], table: Mapping[str, type[T]], *, what: str) -> T:
    """Turn a name, a class, an instance or a serialized configuration into an instance of `base`.

    Parameters
    ----------
    value : str, type, object or dict
        What the user passed, or what `serialize` returned.
    base : type
        The class that the result must be an instance of.
    table : mapping
        Keras's names, and their classes. Class names are valid as well, and so are those of custom
        classes, registered or in a `custom_object_scope`.
    what : str
        What is being chosen, for the message: "loss", "optimizer", ...

    Raises
    ------
    TypeError
        If `value` is something else.
    ValueError
        If it is a name that is not in the table; the nearest one is proposed.
    """
    if isinstance(value, base):
        return value
    if isinstance(value, type) and issubclass(value, base):
        return value()
    if isinstance(value, str):
        return _named(value, base, table, what)()
    if isinstance(value, Mapping) and isinstance(value.get("class"), str):
        return _named(value["class"], base, table, what).from_config(value.get("config", {}))
    raise TypeError(
        f"{what}: must be one of {_listed(table)}, or an instance of "
        f"fastconv's {base.__name__}; received {value!r}"
    )


def _named(name: str, base: type[T], table: Mapping[str, type[T]], what: str) -> type[T]:
    custom = own_objects().get(name)
    if isinstance(custom, type) and issubclass(custom, base):
        return custom
    by_name = {cls.__name__: cls for cls in table.values()} | dict(table)
    if name in by_name:
        return by_name[name]
    near = difflib.get_close_matches(name.lower(), by_name, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise ValueError(f"{what}: must be one of {_listed(table)}; received {name!r}{hint}")


def _listed(table: Mapping[str, type]) -> str:
    return ", ".join(repr(name) for name in table)
