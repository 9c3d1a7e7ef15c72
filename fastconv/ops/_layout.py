"""channels_first at the door: arrays are turned to NHWC on the way in and back on the way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastconv._arguments import check_choice
from fastconv.ops._checks import Array, apart, float32, real_array, writable
from fastconv.plan.geometry.padding import Padding
from fastconv.plan.geometry.shapes import Pool2DShape, pool2d_shape

LAYOUTS = ("channels_last", "channels_first")
LAST, FIRST = "(mb, height, width, channels)", "(mb, channels, height, width)"


def channels_first(data_format: Any, where: str) -> bool:
    """Whether `data_format` is "channels_first"; raises unless it is one of the two layouts."""
    return check_choice(data_format, LAYOUTS, where=where, what="data_format") == "channels_first"


def image(x: Any, what: str, where: str, first: bool) -> Array:
    """Four axes of `x` as contiguous float32 NHWC, from NCHW if `first`."""
    if not first:
        return float32(x, what, where, LAST)
    array = real_array(x, what, where)
    if array.ndim != 4:
        raise ValueError(
            f"{where}: {what} must have the axes {FIRST}; received shape {array.shape}"
        )
    return float32(array.transpose(0, 2, 3, 1), what, where)


def pixels(x: Any, where: str, first: bool) -> NDArray[Any]:
    """As `image`, but bytes stay bytes; an image must have a pixel."""
    array = real_array(x, "x", where)
    if array.dtype == np.uint8 and array.ndim == 4:
        array = np.ascontiguousarray(array.transpose(0, 2, 3, 1) if first else array)
    else:
        array = image(array, "x", where, first)
    if not array.shape[1] * array.shape[2]:
        raise ValueError(f"{where}: images must have a pixel; received x of shape {np.shape(x)}")
    return array


def gradient_of(dy: Any, shape: tuple[int, ...], where: str, first: bool) -> Array:
    """dy as contiguous float32 NHWC, which must have the `shape` of the output, NHWC."""
    array = image(dy, "dy", where, first)
    if array.shape != shape:
        mb, height, width, channels = shape
        wanted = (mb, channels, height, width) if first else shape
        raise ValueError(
            f"{where}: dy must have the shape of the output, {wanted}; received {np.shape(dy)}"
        )
    return array


def pooling(
    x: Any,
    inputs: Array,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None,
    padding: Padding,
    ceil_mode: bool,
    first: bool,
    where: str,
) -> Pool2DShape:
    """Geometry of a pooling of x, which `inputs` holds as NHWC."""
    with as_received(x, first):
        return pool2d_shape(
            inputs.shape, pool_size, strides, padding, ceil_mode=ceil_mode, where=where
        )


@contextmanager
def as_received(x: Any, first: bool) -> Iterator[None]:
    """Add the caller's own shape to an error about the NHWC one."""
    try:
        yield
    except ValueError as error:
        if first:
            raise ValueError(f"{error} (x as channels_first: {np.shape(x)})") from None
        raise


class ImageResult:
    """Where an image-shaped result goes: a kernel writes `nhwc`, `deliver` hands it out."""

    def __init__(
        self, out: Any, shape: tuple[int, int, int, int], where: str, first: bool, **inputs: Any
    ) -> None:
        mb, height, width, channels = shape
        self.first, self.out = first, out
        if out is not None:
            writable(out, (mb, channels, height, width) if first else shape, "out", where)
            apart(out, "out", where, **inputs)
        self.nhwc: Array = np.empty(shape, np.float32) if first or out is None else out

    def deliver(self) -> Array:
        """The result in the caller's layout."""
        if not self.first:
            return self.nhwc
        nchw = self.nhwc.transpose(0, 3, 1, 2)
        if self.out is None:
            return np.ascontiguousarray(nchw)
        self.out[...] = nchw
        return self.out
