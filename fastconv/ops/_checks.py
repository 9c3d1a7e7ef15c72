"""Argument checks of the operations: arrays as the kernels read them, or an error.

Everything is checked before anything is written. Arrays that the kernels can read are used as they
are; any others (another float or integer type, another byte order, gaps, bad alignment) are copied.
Images in the layout "channels_first" are transposed to NHWC on the way in and back on the way out.
`result` checks or allocates the output array, `ImageResult` that of images.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastconv._arguments import check_choice, shown, to_float

Array = NDArray[np.float32]
WORK = 100_000  # max_work of np.shares_memory, for arrays that interleave

LAYOUTS = ("channels_last", "channels_first")
LAST, FIRST = "(mb, height, width, channels)", "(mb, channels, height, width)"


def real_array(x: Any, what: str, where: str) -> NDArray[Any]:
    """`x` as an array of any real dtype.

    Raises
    ------
    TypeError
        If its numbers are complex, or it holds objects, text, dates, records, ...
    ValueError
        If it is a sequence whose rows differ in shape.
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
    """`x` as float32 of shape (size,); `of` says in an error what it has one number for."""
    array = float32(x, what, where)
    if array.shape != (size,):
        raise ValueError(
            f"{where}: {what} must have one number for each of the {size} {of}; "
            f"received shape {array.shape}"
        )
    return array


def same_shape(x: Array, shape: tuple[int, ...], what: str, of: str, where: str) -> None:
    """Raise ValueError unless `x` has `shape`, that of the array called `of`."""
    if x.shape != shape:
        raise ValueError(
            f"{where}: {what} must have the shape of {of}, {shape}; received {x.shape}"
        )


def number(value: Any, what: str, where: str, low: float = -np.inf, high: float = np.inf) -> float:
    """`value` as a float, with low <= value < high where these are given."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise TypeError(f"{where}: {what} must be a number; received {shown(value)}")
    result = to_float(value, what, where=where)
    if low > -np.inf and not low <= result < high:
        rule = "finite" if high == np.inf else f"less than {high:g}"
        raise ValueError(
            f"{where}: {what} must be at least {low:g} and {rule}; received {shown(value)}"
        )
    return result


def flag(value: Any, what: str, where: str) -> bool:
    """`value` as a bool; anything but True and False, also 0 and 1, is a TypeError."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{where}: {what} must be True or False; received {shown(value)}")
    return bool(value)


def activation_name(activation: Any, where: str) -> str:
    """The kernels' name for an activation: None and "linear" are "none"."""
    if activation is None or (isinstance(activation, str) and activation == "none"):
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
        If it is not an array, or not float32.
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

    With `allow_same` an input may be the whole of `array` itself: the operation works in place.
    """
    for name, other in others.items():
        if other is None or isinstance(other, (list, tuple, int, float)):
            continue
        if not isinstance(other, np.ndarray):  # another holder of memory, such as a memoryview
            other = np.asarray(other)
        if not np.may_share_memory(array, other):
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
    out: Any,
    shape: tuple[int, ...],
    where: str,
    *,
    in_place: Sequence[str] = (),
    dense: bool = True,
    **inputs: Any,
) -> Array:
    """`out`, checked as the array of a float32 result, or a new array of `shape`.

    It must not share memory with any of `inputs`, but it may be one of those that `in_place` names,
    all of it; nor may two of its own elements share memory.
    """
    if out is None:
        return empty(shape, where)
    writable(out, shape, "out", where, dense=dense)
    if not dense and _overlaps_itself(out):
        raise ValueError(
            f"{where}: out must not overlap itself; received shape {shape}, strides {out.strides}"
        )
    for name, array in inputs.items():
        apart(out, "out", where, allow_same=name in in_place, **{name: array})
    return out


def empty(shape: tuple[int, ...], where: str) -> Array:
    """A new array for a result.

    Raises
    ------
    ValueError, MemoryError
        If no array can be as large, or there is not as much memory.
    """
    try:
        return np.empty(shape, np.float32)
    except ValueError:
        raise ValueError(
            f"{where}: the result must fit into an array; received a shape of {shape}"
        ) from None
    except MemoryError:
        raise MemoryError(f"{where}: no memory for a result of shape {shape}") from None


def _overlaps_itself(matrix: NDArray[Any]) -> bool:
    """Whether two elements of an aligned array with two axes share memory."""
    (m, n), (down, along) = matrix.shape, matrix.strides
    if m <= 1 or n <= 1:
        return matrix.size > 1 and (down if n == 1 else along) == 0
    # i * down + j * along is 0 first for these multiples of the strides, and then everywhere.
    common = math.gcd(down, along)
    return not common or (abs(along) // common < m and abs(down) // common < n)


def _same_memory(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return (
        a.ctypes.data == b.ctypes.data
        and a.shape == b.shape
        and a.strides == b.strides
        and a.dtype == b.dtype
    )


def channels_first(data_format: Any, where: str) -> bool:
    """Whether `data_format` is "channels_first"; raises unless it is one of the two layouts."""
    return check_choice(data_format, LAYOUTS, where=where, what="data_format") == "channels_first"


def image(x: Any, what: str, where: str, first: bool) -> Array:
    """`x`, which must have four axes, as contiguous float32 NHWC; `first` says that it is NCHW."""
    if not first:
        return float32(x, what, where, LAST)
    array = real_array(x, what, where)
    if array.ndim != 4:
        raise ValueError(
            f"{where}: {what} must have the axes {FIRST}; received shape {array.shape}"
        )
    return float32(array.transpose(0, 2, 3, 1), what, where)


def pixels(x: Any, where: str, first: bool) -> NDArray[Any]:
    """As `image`, but uint8 stays uint8; height and width must not be 0."""
    array = real_array(x, "x", where)
    if array.dtype == np.uint8 and array.ndim == 4:
        array = np.ascontiguousarray(array.transpose(0, 2, 3, 1) if first else array)
    else:
        array = image(array, "x", where, first)
    if not array.shape[1] * array.shape[2]:
        raise ValueError(f"{where}: images must have a pixel; received x of shape {np.shape(x)}")
    return array


def gradient_of(dy: Any, shape: tuple[int, ...], where: str, first: bool) -> Array:
    """dy as contiguous float32 NHWC; it must have `shape`, the output's in NHWC."""
    array = image(dy, "dy", where, first)
    if array.shape != shape:
        mb, height, width, channels = shape
        wanted = (mb, channels, height, width) if first else shape
        raise ValueError(
            f"{where}: dy must have the shape of the output, {wanted}; received {np.shape(dy)}"
        )
    return array


@contextmanager
def as_received(x: Any, first: bool) -> Iterator[None]:
    """Add the caller's channels_first shape to an error about the NHWC one."""
    try:
        yield
    except ValueError as error:
        if first:
            raise ValueError(f"{error} (x as channels_first: {np.shape(x)})") from None
        raise


class ImageResult:
    """`result` for images in either layout: a kernel writes to `nhwc`, `deliver` returns it."""

    def __init__(
        self, out: Any, shape: tuple[int, int, int, int], where: str, first: bool, **inputs: Any
    ) -> None:
        mb, height, width, channels = shape
        self.first, self.out = first, out
        if out is not None:
            result(out, (mb, channels, height, width) if first else shape, where, **inputs)
        self.nhwc: Array = empty(shape, where) if first or out is None else out

    def deliver(self) -> Array:
        """The result in the caller's layout."""
        if not self.first:
            return self.nhwc
        nchw = self.nhwc.transpose(0, 3, 1, 2)
        if self.out is None:
            return np.ascontiguousarray(nchw)
        self.out[...] = nchw
        return self.out
