"""Images resized: each pixel is a weighted sum along rows and columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastconv.reference._arrays import Array, float64


def resize(
    x: ArrayLike, size: tuple[int, int], interpolation: str = "bilinear", antialias: bool = False
) -> Array:
    """x (mb, ih, iw, c) stretched to (mb, height, width, c), by `resize_weights` along both axes.

    >>> resize([[[[1], [3]]]], (1, 4))[0, 0, :, 0]
    array([1. , 1.5, 2.5, 3. ])
    """
    x = float64(x)
    down, along = _both(x.shape, size, interpolation, antialias)
    return np.einsum("ih,nhwc,jw->nijc", down, x, along, optimize=True)


def resize_backward(
    dy: ArrayLike,
    x_shape: tuple[int, ...],
    interpolation: str = "bilinear",
    antialias: bool = False,
) -> Array:
    """Gradient dx of sum(dy * resize(x)), for x of shape `x_shape`.

    >>> resize_backward(np.ones((1, 1, 3, 1)), (1, 1, 2, 1), "nearest").ravel()
    array([1., 2.])
    """
    dy = float64(dy)
    down, along = _both(x_shape, dy.shape[1:3], interpolation, antialias)
    return np.einsum("ih,nijc,jw->nhwc", down, dy, along, optimize=True)


def resize_weights(
    n: int, new: int, interpolation: str = "bilinear", antialias: bool = False
) -> Array:
    """The weight of each of n pixels in each of the `new` ones, (new, n); each row adds up to 1.

    New pixel i lies at (i + 1/2) n / new - 1/2. "nearest" takes the pixel there; the others weight
    those around it by f(distance): "bilinear" a triangle, "bicubic" a cubic (Keys, "Cubic
    convolution interpolation for digital image processing", 1981, a = -1/2), "lanczos3" and
    "lanczos5" windowed sincs (Duchon, "Lanczos filtering in one and two dimensions", 1979). With
    `antialias`, f is stretched by n / new where that is more than 1, so that no pixel is skipped.

    >>> resize_weights(4, 2, "bicubic", antialias=True).round(3).tolist()
    [[0.459, 0.459, 0.12, -0.037], [-0.037, 0.12, 0.459, 0.459]]
    """
    at = (((2 * np.arange(new) + 1) * n - new) / (2 * new))[:, None]
    if interpolation == "nearest":
        return np.eye(n)[np.floor(at[:, 0] + 0.5).astype(np.int64)]
    scale = max(1.0, n / new) if antialias else 1.0
    far = abs(np.arange(n) - at) / scale
    if interpolation == "bilinear":
        weights = np.maximum(1 - far, 0)
    elif interpolation == "bicubic":
        near = 1.5 * far**3 - 2.5 * far**2 + 1
        weights = np.where(far < 1, near, -0.5 * far**3 + 2.5 * far**2 - 4 * far + 2)
        weights[far >= 2] = 0
    else:
        lobes = int(interpolation.removeprefix("lanczos"))
        weights = np.where(far < lobes, np.sinc(far) * np.sinc(far / lobes), 0)
        weights[abs(weights) < 1e-15] = 0  # a sine of a multiple of pi
    return weights / weights.sum(axis=1, keepdims=True)


def _both(
    shape: tuple[int, ...], size: tuple[int, ...], interpolation: str, antialias: bool
) -> list[Array]:
    return [
        resize_weights(n, new, interpolation, antialias)
        for n, new in zip(shape[1:3], size, strict=True)
    ]
