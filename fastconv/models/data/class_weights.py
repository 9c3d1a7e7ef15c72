"""Sample weights from class weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastconv._arguments import as_float, is_whole


def class_weights(target: np.ndarray, given: Any, *, labels: bool, where: str) -> np.ndarray:
    """The weight of each row's class; targets are integer labels, one-hot rows or single values.

    A single value of -1, as for hinge losses, is class 0.

    Raises
    ------
    TypeError, ValueError
        If `given` is not a dictionary from class indices to weights of at least 0.
    """
    if not isinstance(given, Mapping) or not given:
        raise TypeError(
            f"{where}: class_weight must be a dict from class numbers to weights; "
            f"received {given!r}"
        )
    classes, count = target, None
    if not labels and target.shape[-1] == 1:
        classes = np.maximum(target[..., 0], 0).astype(np.int64)
    elif not labels:
        classes, count = target.argmax(axis=-1), target.shape[-1]
    table = np.ones(max(int(classes.max(initial=0)), *map(_class_index, given), 0) + 1, np.float32)
    for key, value in given.items():
        index = _class_index(key)
        if index < 0 or (count is not None and index >= count):
            rule = "from 0" if count is None else f"from 0 to {count - 1}"
            raise ValueError(
                f"{where}: class_weight must have class numbers {rule} as keys; received {key!r}"
            )
        weight = as_float(value, f"class_weight[{key!r}]", where=where)
        if weight < 0:
            raise ValueError(
                f"{where}: class_weight[{key!r}] must be at least 0; received {value!r}"
            )
        table[index] = weight
    return table[classes]


def _class_index(key: Any) -> int:
    """A key as an integer, -1 if it is not a whole number."""
    if is_whole(key) or (isinstance(key, (float, np.floating)) and float(key).is_integer()):
        return int(key)
    return -1
