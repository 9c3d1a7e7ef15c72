"""Writing several parameters at once: all of them, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import as_numbers


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
