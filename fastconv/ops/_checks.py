"""What every operation does at its door: arrays in, float32 and C-contiguous, or an error.

Nothing is written before everything has been looked at. What the kernels can read as it is passes
through untouched; anything else (another float or integer type, another byte order, gaps, bad
alignment) is copied.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastconv._arguments import check_choice

Array = NDArray[np.float32]
WORK = 100_000  # steps to spend on whether interleaved arrays overlap


def real_array(x: Any, what: str, where: str) -> NDArray[Any]:
    """`x` as an array of real numbers of whatever type.

    Raises
    ------
    TypeError
        If its numbers are complex, or it holds objects, text, dates, records, ...
    """
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(
            f"{where}: {what} must be an array; received a {type(x).__name__} whose rows differ in "
            "shape"
        ) from None
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{where}: {what} must hold real numbers (they are converted to float32); "
            f"received dtype {array.dtype}"
        )
    return array


def float32(x: Any, what: str, where: str, axes: str | None = None) -> Array:
    """`x` as the kernels read it: float32, C-contiguous, aligned, in this machine's byte order.

    Parameters
    ----------
    axes : str, optional
        The names of the axes that x must have, such as "(mb, ih, iw, ic)".

    Raises
    ------
    TypeError, ValueError
        If it does not hold real numbers, or has another number of axes.
    """
    array = strided_float32(x, what, where, axes)
    return array if array.flags.c_contiguous else array.copy(order="C")


def strided_float32(x: Any, what: str, where: str, axes: str | None = None) -> Array:
    """As `float32`, but with any strides."""
    array = real_array(x, what, where)
    if axes is not None and array.ndim != axes.count(",") + (axes != "()"):
        raise ValueError(f"{where}: {what} must have the axes {axes}; received shape {array.shape}")
    if array.dtype == np.float32 and array.dtype.isnative and array.flags.aligned:
        return array
    return array.astype(np.float32, order="C")


def vector(x: Any, size: int, what: str, of: str, where: str) -> Array:
    """`x` as float32 with one number for each of `size` things called `of`."""
    array = float32(x, what, where)
    if array.shape != (size,):
        raise ValueError(
            f"{where}: {what} must have one number for each of the {size} {of}; "
            f"received shape {array.shape}"
        )
    return array


def row_weights_of(row_weights: Any, rows: int, where: str) -> Array:
    """The weights of a loss's rows; None makes it a mean."""
    if row_weights is None:
        return np.full(rows, 1 / max(rows, 1), np.float32)
    return vector(row_weights, rows, "row_weights", "rows", where)


def same_shape(x: Array, shape: tuple[int, ...], what: str, of: str, where: str) -> None:
    """Raise ValueError unless `x` has the shape of the thing called `of`."""
    if x.shape != shape:
        raise ValueError(
            f"{where}: {what} must have the shape of {of}, {shape}; received {x.shape}"
        )


def number(value: Any, what: str, where: str, low: float = -np.inf, high: float = np.inf) -> float:
    """`value` as a float, with low <= value < high where these are given."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise TypeError(f"{where}: {what} must be a number; received {value!r}")
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{where}: {what} must be a number; received {value!r}") from None
    if low > -np.inf and not low <= result < high:
        rule = "finite" if high == np.inf else f"less than {high:g}"
        raise ValueError(f"{where}: {what} must be at least {low:g} and {rule}; received {value!r}")
    return result


def flag(value: Any, what: str, where: str) -> bool:
    """True or False, and nothing that merely counts as one of them."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{where}: {what} must be True or False; received {value!r}")
    return bool(value)


def activation_name(activation: Any, where: str) -> str:
    """The kernels' name for an activation: None and "linear" are "none"."""
    if activation is None or activation == "none":
        return "none"
    name = check_choice(activation, ("linear", "relu"), where=where, what="activation")
    return "none" if name == "linear" else name


def writable(
    array: Any, shape: tuple[int, ...], what: str, where: str, *, dense: bool = True
) -> Array:
    """Raise unless `array` can take a float32 result of `shape` in place.

    Raises
    ------
    TypeError
        If it is no array, or of another type than float32.
    ValueError
        If it is read-only, has another shape, bad alignment, or (if it must be `dense`) gaps.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{where}: {what} must be an array; received a {type(array).__name__}")
    if array.dtype != np.float32 or not array.dtype.isnative:
        raise TypeError(f"{where}: {what} must be float32; received dtype {array.dtype!s}")
    if array.shape != shape:
        raise ValueError(f"{where}: {what} must have shape {shape}; received {array.shape}")
    if not array.flags.writeable:
        raise ValueError(f"{where}: {what} must be writable; received a read-only array")
    if not array.flags.aligned or (dense and not array.flags.c_contiguous):
        raise ValueError(
            f"{where}: {what} must be aligned{' and C-contiguous' if dense else ''}; "
            f"received strides {array.strides}"
        )
    return array


def apart(
    array: NDArray[Any], what: str, where: str, *, allow_same: bool = False, **others: Any
) -> None:
    """Raise ValueError if `array`, about to be written, shares memory with one of `others`.

    With `allow_same` an input may be `array` itself, all of it: the operation works in place.
    """
    for name, other in others.items():
        if not isinstance(other, np.ndarray) or not np.may_share_memory(array, other):
            continue
        if allow_same and _same_memory(array, other):
            continue
        try:
            shared = np.shares_memory(array, other, max_work=WORK)  # type: ignore[arg-type]
        except np.exceptions.TooHardError:
            shared = True
        if shared:
            raise ValueError(
                f"{where}: {what} must not share memory with {name}; received overlapping arrays"
            )


def result(
    out: Any, shape: tuple[int, ...], where: str, *, allow_same: bool = False, **inputs: Any
) -> Array:
    """`out`, checked, or a new array of `shape`."""
    if out is None:
        return np.empty(shape, np.float32)
    writable(out, shape, "out", where)
    apart(out, "out", where, allow_same=allow_same, **inputs)
    return out


def _same_memory(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return (
        a.ctypes.data == b.ctypes.data
        and a.shape == b.shape
        and a.strides == b.strides
        and a.dtype == b.dtype
    )
