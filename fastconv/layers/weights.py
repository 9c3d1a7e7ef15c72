"""Writing several parameters at once, all or none; and which may be made at all."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import as_numbers

_SPARE = 2**20  # elements, so that small models that do not fit are told what does not


class _Stock:
    """The shapes of the weights that there are values for."""

    def __init__(self, shapes: Iterable[tuple[int, ...]]) -> None:
        self.left = Counter(shapes)
        self.spare = _SPARE

    def take(self, shape: tuple[int, ...], where: str) -> None:
        """Take a shape out; ValueError if there is none of it."""
        if self.left[shape]:
            self.left[shape] -= 1
            return
        self.spare -= math.prod(shape)
        if self.spare < 0:
            raise ValueError(
                f"{where}: every weight must have a tensor in the file; there is none for one of "
                f"shape {shape}"
            )


_STOCK: ContextVar[_Stock | None] = ContextVar("stock", default=None)


@contextmanager
def only_weights_of(shapes: Iterable[tuple[int, ...]]) -> Iterator[None]:
    """Within it, layers make weights of these shapes, each once, and a few small ones besides.

    So a file without tensors cannot make a model of any size.
    """
    token = _STOCK.set(_Stock(shapes))
    try:
        yield
    finally:
        _STOCK.reset(token)


def check_weight(shape: Sequence[int], *, where: str) -> None:
    """ValueError if a weight of this shape may not be made here."""
    stock = _STOCK.get()
    if stock is not None:
        stock.take(tuple(shape), where)


def set_weights(parameters: Sequence[Parameter], weights: Sequence[Any], *, where: str) -> None:
    """Copy `weights` into `parameters`, after every shape was checked.

    Raises
    ------
    ValueError
        If the number of arrays or a shape differs.
    """
    if len(weights) != len(parameters):
        raise ValueError(
            f"{where}: set_weights needs one array for each of the {len(parameters)} weights; "
            f"received {len(weights)}"
        )
    arrays = [as_numbers(array, "weights", where=where) for array in weights]
    for parameter, array in zip(parameters, arrays, strict=True):
        if array.shape != parameter.shape:
            raise ValueError(
                f"{where}: weight {parameter.name} has shape {parameter.shape}; "
                f"received {array.shape}"
            )
    for parameter, array in zip(parameters, arrays, strict=True):
        parameter.value = array
