"""Nested structures: a single item, or a list or dictionary of items or structures."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any


def leaves(structure: Any) -> list[Any]:
    """The single items, in order.

    Examples
    --------
    >>> leaves({"a": 1, "b": [2, (3,)]}), leaves(4)
    ([1, 2, 3], [4])
    """
    if isinstance(structure, Mapping):
        return [leaf for part in structure.values() for leaf in leaves(part)]
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in leaves(part)]
    return [structure]


def rebuild(structure: Any, given: Iterable[Any]) -> Any:
    """`structure` with its items replaced by those of `given`, in order.

    Examples
    --------
    >>> rebuild({"a": 1, "b": [2, 3]}, "xyz")
    {'a': 'x', 'b': ['y', 'z']}
    """
    return _rebuild(structure, iter(given))


def _rebuild(structure: Any, given: Iterator[Any]) -> Any:
    if isinstance(structure, Mapping):
        return {key: _rebuild(part, given) for key, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [_rebuild(part, given) for part in structure]
    return next(given)


def each(function: Callable[[Any], Any], structure: Any) -> Any:
    """`structure` with `function` applied to every item."""
    return rebuild(structure, [function(leaf) for leaf in leaves(structure)])


def arrange(given: Any, names: Sequence[str], *, where: str, what: str) -> list[Any]:
    """The items given for `names`, in the order of the names.

    Parameters
    ----------
    given : object, list or dict
        One item for a single name; a list in the order of the names; a dictionary by name.
    names : sequence of str
    where, what : str
        The function and the argument, for the message.

    Raises
    ------
    ValueError
        If the count differs, or a name is missing or unknown; the nearest one is proposed.
    """
    listed = ", ".join(names)
    if isinstance(given, Mapping):
        for name in given:
            if name not in names:
                near = difflib.get_close_matches(str(name), names, n=1)
                hint = f" (did you mean {near[0]!r}?)" if near else ""
                raise ValueError(f"{where}: {what} has the names {listed}; received {name!r}{hint}")
        missing = [name for name in names if name not in given]
        if missing:
            raise ValueError(
                f"{where}: {what} must have all of the names {listed}; "
                f"received none for {', '.join(map(repr, missing))}"
            )
        return [given[name] for name in names]
    if len(names) == 1:
        return [given]
    found = leaves(given)
    if len(found) != len(names) or not isinstance(given, (list, tuple)):
        amount = len(found) if isinstance(given, (list, tuple)) else type(given).__name__
        raise ValueError(
            f"{where}: {what} must be a list of {len(names)} ({listed}), or a dictionary by these "
            f"names; received {amount}"
        )
    return found
