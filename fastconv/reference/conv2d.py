"""Two-dimensional convolution."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastconv.reference._arrays import Array, activate, float64
from fastconv.reference._taps import Taps


def conv2d(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike = 0,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
    activation: str | None = None,
) -> Array:
    """y[n, r, c, o] = activation(b[o] + sum over i, j, k of x[n, r*sh + i*dh - pt, ..., k] w[i, j, k, o]).

    With groups, each of `groups` equal parts of the channels has a separate part of the filters.

    >>> image = np.array([[*map(int, row)] for row in "11011 10101 11110 00110 11000".split()])
    >>> kernel = np.array([[*map(int, row)] for row in "101 010 110".split()])
    >>> conv2d(image.reshape(1, 5, 5, 1), kernel.reshape(3, 3, 1, 1))[0, :, :, 0]
    array([[3., 5., 3.],
           [3., 2., 5.],
           [4., 4., 2.]])
    """  # noqa: E501
    x, w = float64(x), float64(w)
    if groups > 1:
        parts = zip(np.split(x, groups, axis=3), np.split(w, groups, axis=3), strict=True)
        y = np.concatenate([conv2d(*p, 0, strides, padding, dilation) for p in parts], axis=3)
    else:
        taps = Taps(x.shape, w.shape[:2], strides, padding, dilation)
        padded = taps.pad(x)
        y = np.zeros((x.shape[0], *taps.out, w.shape[3]))
        for i, j, at in taps:
            y += padded[at] @ w[i, j]
    return activate(y + float64(b), activation)


def conv2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """Gradients (dx, dw, db) of sum(dy * conv2d(x, w, b)).

    >>> x, w = np.ones((1, 2, 2, 1)), np.full((1, 2, 1, 1), 3.0)
    >>> dx, dw, db = conv2d_backward(np.ones((1, 2, 1, 1)), x, w)
    >>> dx.ravel(), dw.ravel(), db
    (array([3., 3., 3., 3.]), array([2., 2.]), array([2.]))
    """
    dy, x, w = float64(dy), float64(x), float64(w)
    if groups > 1:
        dys, xs, ws = (np.split(array, groups, axis=3) for array in (dy, x, w))
        grads = [
            conv2d_backward(*part, strides, padding, dilation)
            for part in zip(dys, xs, ws, strict=True)
        ]
        dx, dw, db = (np.concatenate(parts, axis=-1) for parts in zip(*grads, strict=True))
        return dx, dw, db
    taps = Taps(x.shape, w.shape[:2], strides, padding, dilation)
    padded = taps.pad(x)
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for i, j, at in taps:
        dpadded[at] += dy @ w[i, j].T
        dw[i, j] = np.tensordot(padded[at], dy, axes=([0, 1, 2], [0, 1, 2]))
    return taps.crop(dpadded), dw, dy.sum(axis=(0, 1, 2))
