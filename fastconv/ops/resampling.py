"""Images read at other points: resized, or moved by affine maps; and the gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv._arguments import as_pair, check_choice
from fastconv.kernels.images.resample import resample, resample_bwd
from fastconv.kernels.images.resample_affine import resample_affine, resample_affine_bwd
from fastconv.kernels.images.resize import resize as resize_by_weights
from fastconv.kernels.images.resize import resize_bwd as resize_by_weights_bwd
from fastconv.ops._checks import (
    Array,
    ImageResult,
    channels_first,
    flag,
    gradient_of,
    image,
    number,
    pixels,
    real_array,
)
from fastconv.ops._docs import documented
from fastconv.plan.geometry.points import resized
from fastconv.plan.geometry.resizing import resizing
from fastconv.plan.operations.sampling import FILL_MODES, INTERPOLATIONS, RESIZING

__all__ = ["affine_transform", "affine_transform_backward", "resize", "resize_backward"]

FORWARD = """
Parameters
----------
x : array_like (mb, ih, iw, c), or (mb, c, ih, iw) with "channels_first"
    Bytes are read as they are.
data_format : "channels_last" or "channels_first"
out : float32 array of the shape of the result, optional
"""
BACKWARD = """
Parameters
----------
dy : array_like
    Of the shape of the operation's result.
out : float32 array of the shape of x, optional

Returns
-------
float32 array of the shape of x: `out` if given.
"""


@documented(FORWARD)
def resize(
    x: Any,
    size: int | Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    data_format: str = "channels_last",
    *,
    out: Array | None = None,
) -> Array:
    """Stretch images to `size`; `fastconv.reference.resize_weights` has the formulas.

    Parameters
    ----------
    size : int or pair
        Height and width.
    interpolation : "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5"
    antialias : bool
        Whether all pixels count when an image shrinks, instead of only those near the new ones;
        "nearest" skips pixels in any case.

    Returns
    -------
    float32 array (mb, height, width, c), or (mb, c, height, width) with "channels_first": `out` if
        given.

    Examples
    --------
    >>> x = np.array([1, 3], np.uint8).reshape(1, 1, 2, 1)
    >>> resize(x, (1, 4)).ravel()
    array([1. , 1.5, 2.5, 3. ], dtype=float32)
    """
    where = "resize"
    first, new = channels_first(data_format, where), as_pair(size, "size", where=where)
    by_weights = _by_weights(interpolation, antialias, where)
    inputs = pixels(x, where, first)
    mb, _, _, c = inputs.shape
    y = ImageResult(out, (mb, *new, c), where, first, x=x)
    if not y.nhwc.size:
        return y.deliver()
    try:
        _resize(inputs, y.nhwc, interpolation, antialias if by_weights else None)
    except MemoryError:  # for the points of an axis
        raise MemoryError(f"{where}: no memory for a result of size {new}") from None
    return y.deliver()


def _resize(x: Array, y: Array, interpolation: str, antialias: bool | None) -> None:
    """y = x in its size: by weights, or with `antialias` None from the pixels around each point."""
    (ih, iw), new = x.shape[1:3], (y.shape[1], y.shape[2])
    if antialias is not None:
        rows, columns = resizing((ih, iw), new, interpolation, antialias)
        weights = rows.first, rows.weights, columns.first, columns.weights
        resize_by_weights(x, y, *weights)
    else:
        at = resized((ih, iw), new)
        resample(x, y, *at, interpolation == "bilinear", "nearest", 0)


@documented(BACKWARD)
def resize_backward(
    dy: Any,
    x: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    data_format: str = "channels_last",
    *,
    out: Array | None = None,
) -> Array:
    """Gradient dx of sum(dy * resize(x)): each dy goes to its pixels, by their weights.

    Parameters
    ----------
    x, interpolation, antialias, data_format
        As given to `resize`; of x only the shape matters.

    Examples
    --------
    >>> resize_backward(np.ones((1, 1, 4, 1)), np.ones((1, 1, 2, 1))).ravel()
    array([2., 2.], dtype=float32)
    """
    where = "resize_backward"
    first = channels_first(data_format, where)
    by_weights = _by_weights(interpolation, antialias, where)
    inputs, gradient = pixels(x, where, first), image(dy, "dy", where, first)
    mb, ih, iw, c = inputs.shape
    if (len(gradient), gradient.shape[3]) != (mb, c) or 0 in gradient.shape[1:3]:
        raise ValueError(
            f"{where}: dy must have the images and channels of x, and a pixel; received dy "
            f"{np.shape(dy)}, x {np.shape(x)}"
        )
    dx = ImageResult(out, (mb, ih, iw, c), where, first, dy=dy, x=x)
    new = (gradient.shape[1], gradient.shape[2])
    if by_weights:
        rows, columns = resizing((ih, iw), new, interpolation, antialias)
        weights = rows.first, rows.weights, columns.first, columns.weights
        resize_by_weights_bwd(gradient, dx.nhwc, *weights)
    else:
        at = resized((ih, iw), new)
        resample_bwd(gradient, dx.nhwc, *at, interpolation == "bilinear", "nearest")
    return dx.deliver()


def _by_weights(interpolation: str, antialias: bool, where: str) -> bool:
    """Whether a new pixel depends on more than the (up to four) pixels around its point."""
    check_choice(interpolation, RESIZING, where=where, what="interpolation")
    everything = flag(antialias, "antialias", where)
    return interpolation not in ("nearest", "bilinear") or (
        everything and interpolation == "bilinear"
    )


@documented(FORWARD)
def affine_transform(
    x: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str = "channels_last",
    *,
    out: Array | None = None,
) -> Array:
    """Images read at the points that an affine map gives; arguments as in Keras.

    Row i, column j of the result is x at the column a0 j + a1 i + a2 and the row b0 j + b1 i + b2.

    Parameters
    ----------
    transform : array_like (6,), or (mb, 6) with a map for each image
        a0, a1, a2, b0, b1, b2; two more numbers, which must be 0, may follow.
    interpolation : "bilinear" or "nearest"
    fill_mode : "constant", "nearest", "reflect" or "wrap"
        What lies beyond the edges: `fill_value`, a a a | a b c | c c c, c b a | a b c | c b a, or
        a b c | a b c | a b c.
    fill_value : float

    Returns
    -------
    float32 array of the shape of x: `out` if given.

    Examples
    --------
    >>> x = np.arange(1, 5).reshape(1, 1, 4, 1)
    >>> affine_transform(x, [1, 0, -1, 0, 1, 0]).ravel()
    array([0., 1., 2., 3.], dtype=float32)
    """
    where = "affine_transform"
    first, how = channels_first(data_format, where), _how(interpolation, fill_mode, where)
    fill = number(fill_value, "fill_value", where)
    inputs = pixels(x, where, first)
    maps = _maps(transform, len(inputs), where)
    y = ImageResult(out, inputs.shape, where, first, x=x, transform=transform)
    resample_affine(inputs, y.nhwc, maps, *how, fill, where)
    return y.deliver()


@documented(BACKWARD)
def affine_transform_backward(
    dy: Any,
    x: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    data_format: str = "channels_last",
    *,
    out: Array | None = None,
) -> Array:
    """Gradient dx of sum(dy * affine_transform(x)): each dy goes to the pixels that were read.

    Parameters
    ----------
    x, transform, interpolation, fill_mode, data_format
        As given to `affine_transform`; of x only the shape matters.

    Examples
    --------
    >>> dy = np.arange(1, 5).reshape(1, 1, 4, 1)
    >>> affine_transform_backward(dy, dy, [1, 0, -1, 0, 1, 0]).ravel()
    array([2., 3., 4., 0.], dtype=float32)
    """
    where = "affine_transform_backward"
    first, how = channels_first(data_format, where), _how(interpolation, fill_mode, where)
    inputs = pixels(x, where, first)
    gradient = gradient_of(dy, inputs.shape, where, first)
    maps = _maps(transform, len(inputs), where)
    dx = ImageResult(out, inputs.shape, where, first, dy=dy, x=x, transform=transform)
    resample_affine_bwd(gradient, dx.nhwc, maps, *how, where)
    return dx.deliver()


def _how(interpolation: str, fill_mode: str, where: str) -> tuple[bool, str]:
    check_choice(interpolation, INTERPOLATIONS, where=where, what="interpolation")
    mode = check_choice(fill_mode, FILL_MODES, where=where, what="fill_mode")
    return interpolation == "bilinear", FILL_MODES[mode]


def _maps(transform: Any, mb: int, where: str) -> np.ndarray:
    """The first six numbers of every image's map, (mb, 6) float64."""
    given = real_array(transform, "transform", where).astype(np.float64)
    rows = np.atleast_2d(given)
    if given.ndim not in (1, 2) or rows.shape[1] not in (6, 8) or len(rows) not in (1, mb):
        raise ValueError(
            f"{where}: transform must have 6 numbers, or 6 for each of the {mb} images; received "
            f"shape {given.shape}"
        )
    if not np.isfinite(rows).all() or rows[:, 6:].any():
        raise ValueError(
            f"{where}: transform must be finite, and its last two of 8 numbers 0; received {given}"
        )
    return np.ascontiguousarray(np.broadcast_to(rows[:, :6], (mb, 6)))
