"""Docstrings of operations: sections that a family, or all operations, share are written once.

A function's own docstring holds its formula, the parameters that it does not share, its source and
an example; the decorator adds the rest, in numpydoc's order.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_TITLE = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
_ENTRY = re.compile(r"^(?=\S)", re.MULTILINE)  # an entry's first line; the others are indented

LIKE_X = """
Parameters
----------
x : array_like of any shape
out : float32 array of the shape of x, optional
    It may be x itself.

Returns
-------
float32 array of the shape of x: `out` if given.
"""
RAISES = """\
TypeError, ValueError
    If shapes, types or values do not fit, before anything is written."""


def documented(*shared: str) -> Callable[[Function], Function]:
    """Decorator: complete a docstring by sections that several functions share.

    Parameters
    ----------
    *shared : str
        Sections in numpydoc form, from general to special: a later one overrides an earlier one,
        and the function's own docstring overrides both. Parameters are put into the order of the
        function's signature, those that it lacks are left out. "Raises" is `RAISES` by default.
    """
    families = [_sections(text)[1] for text in shared]

    def complete(function: Function) -> Function:
        if function.__doc__ is None:  # python -OO
            return function
        head, own = _sections(function.__doc__)
        sections = {"Parameters": "", "Returns": "", "Raises": RAISES}  # in this order
        for family in (*families, own):
            sections |= family
        code = function.__code__  # inspect.signature takes most of the time of an import
        names = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
        texts: dict[tuple[str, ...], str] = _entries(own.get("Parameters", ""))
        for family in reversed(families):
            described = {name for entry in texts for name in entry}
            for entry, text in _entries(family.get("Parameters", "")).items():
                if described.isdisjoint(entry) and entry[0] in names:
                    texts[entry] = text
        sections["Parameters"] = "\n".join(
            texts[entry] for entry in sorted(texts, key=lambda entry: names.index(entry[0]))
        )
        parts = [f"{title}\n{'-' * len(title)}\n{text}" for title, text in sections.items() if text]
        function.__doc__ = "\n\n".join((head, *parts)) + "\n"
        return function

    return complete


def _sections(docstring: str) -> tuple[str, dict[str, str]]:
    """The text before the first section, and the text of each section by its title."""
    head, *parts = _TITLE.split(inspect.cleandoc(docstring))
    return head.rstrip(), dict(zip(parts[::2], map(str.rstrip, parts[1::2]), strict=True))


def _entries(parameters: str) -> dict[tuple[str, ...], str]:
    """The entries of a section of parameters, by the names that each describes."""
    entries = (entry.rstrip() for entry in _ENTRY.split(parameters) if entry)
    return {tuple(re.split(r" :|\n", entry)[0].split(", ")): entry for entry in entries}
