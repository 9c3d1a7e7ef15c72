"""Images turned, sheared, zoomed and moved by affine maps, and the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import check_choice
from fastconv.kernels.images.resample_affine import resample_affine, resample_affine_bwd
from fastconv.ops._checks import Array, number, real_array
from fastconv.ops._layout import ImageResult, channels_first, gradient_of, pixels
from fastconv.plan.recording.sampling import FILL_MODES, INTERPOLATIONS


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
    """Read images at the points to which a map takes their pixels; arguments as in Keras.

    Row i, column j of the result is x at the column a0 j + a1 i + a2 and the row b0 j + b1 i + b2.

    Parameters
    ----------
    x : array_like (mb, ih, iw, c), or (mb, c, ih, iw) with "channels_first"
        Bytes are read as they are.
    transform : array_like (6,), or (mb, 6) with a map for each image
        a0, a1, a2, b0, b1, b2; two more numbers, which must be 0, may follow.
    interpolation : "bilinear" or "nearest"
    fill_mode : "constant", "nearest", "reflect" or "wrap"
        What lies beyond the edges: `fill_value`, a a a | a b c | c c c, c b a | a b c | c b a, or
        a b c | a b c | a b c.
    fill_value : float
    data_format : "channels_last" or "channels_first"
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
    resample_affine(inputs, y.nhwc, maps, *how, fill)
    return y.deliver()


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
    """Gradient dx of sum(dy * affine_transform(x)): every dy goes back where it was read.

    Parameters
    ----------
    dy : array_like of the shape of x
    x, transform, interpolation, fill_mode, data_format
        As given to `affine_transform`; of x the shape counts.
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
    resample_affine_bwd(gradient, dx.nhwc, maps, *how)
    return dx.deliver()


def _how(interpolation: str, fill_mode: str, where: str) -> tuple[bool, str]:
    check_choice(interpolation, INTERPOLATIONS, where=where, what="interpolation")
    mode = check_choice(fill_mode, FILL_MODES, where=where, what="fill_mode")
    return interpolation == "bilinear", FILL_MODES[mode]


def _maps(transform: Any, mb: int, where: str) -> np.ndarray:
    """(mb, 6) float64."""
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
