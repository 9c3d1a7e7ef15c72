"""Images stretched to another size, and the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv._arguments import as_pair, check_choice
from fastconv.kernels.images import resize as weighted
from fastconv.kernels.images.resample import resample, resample_bwd
from fastconv.ops._checks import Array, flag
from fastconv.ops._layout import ImageResult, channels_first, image, pixels
from fastconv.plan.geometry.points import resized
from fastconv.plan.geometry.resizing import resizing
from fastconv.plan.recording.sampling import RESIZING


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
    x : array_like (mb, ih, iw, c), or (mb, c, ih, iw) with "channels_first"
        Bytes are read as they are.
    size : int or pair
        Height and width.
    interpolation : "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5"
    antialias : bool
        Whether a step of several pixels takes all of them in, instead of skipping some; "nearest"
        always skips.
    data_format : "channels_last" or "channels_first"
    out : float32 array of the shape of the result, optional

    Returns
    -------
    float32 array (mb, height, width, c), or (mb, c, height, width) with "channels_first": `out` if
        given.

    Raises
    ------
    TypeError, ValueError
        If shapes, types or names do not fit, before anything is written.

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
    mb, ih, iw, c = inputs.shape
    y = ImageResult(out, (mb, *new, c), where, first, x=x)
    if by_weights:
        rows, columns = resizing((ih, iw), new, interpolation, antialias)
        weights = rows.first, rows.weights, columns.first, columns.weights
        weighted.resize(inputs, y.nhwc, *weights)
    else:
        at = resized((ih, iw), new)
        resample(inputs, y.nhwc, *at, interpolation == "bilinear", "nearest", 0)
    return y.deliver()


def resize_backward(
    dy: Any,
    x: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    data_format: str = "channels_last",
    *,
    out: Array | None = None,
) -> Array:
    """Gradient dx of sum(dy * resize(x)): every dy goes back to the pixels it was mixed of.

    Parameters
    ----------
    dy : array_like
        Of the shape of resize's result.
    x, interpolation, antialias, data_format
        As given to `resize`; of x the shape counts.
    out : float32 array of the shape of x, optional

    Returns
    -------
    float32 array of the shape of x: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes, types or names do not fit, before anything is written.

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
        weighted.resize_bwd(gradient, dx.nhwc, *weights)
    else:
        at = resized((ih, iw), new)
        resample_bwd(gradient, dx.nhwc, *at, interpolation == "bilinear", "nearest")
    return dx.deliver()


def _by_weights(interpolation: str, antialias: bool, where: str) -> bool:
    """Whether more than the pixels around a point count."""
    check_choice(interpolation, RESIZING, where=where, what="interpolation")
    everything = flag(antialias, "antialias", where)
    return interpolation not in ("nearest", "bilinear") or (
        everything and interpolation == "bilinear"
    )
