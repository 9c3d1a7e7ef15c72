"""Contrast, brightness and erased boxes, and the normal numbers that may fill them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastconv.reference._arrays import Array, float64
from fastconv.reference.dropout import philox4x32


def contrast(x: ArrayLike, factor: ArrayLike, low: float = -np.inf, high: float = np.inf) -> Array:
    """clip((x - mean) * factor + mean), with the mean of each image's channel; a factor per image.

    >>> contrast(np.array([1.0, 3.0]).reshape(1, 1, 2, 1), [2.0]).ravel()
    array([0., 4.])
    """
    x = float64(x)
    mean, factor = x.mean(axis=(1, 2), keepdims=True), float64(factor)[:, None, None, None]
    return np.clip((x - mean) * factor + mean, low, high)


def contrast_backward(
    dy: ArrayLike, y: ArrayLike, factor: ArrayLike, low: float = -np.inf, high: float = np.inf
) -> Array:
    """Gradient dx of sum(dy * y), y = contrast(x); clipped elements of y add nothing."""
    dz = clip_backward(dy, y, low, high)
    factor = float64(factor)[:, None, None, None]
    return factor * dz + (1 - factor) * dz.mean(axis=(1, 2), keepdims=True)


def brightness(x: ArrayLike, delta: ArrayLike, low: float, high: float) -> Array:
    """clip(x + delta); a delta per image."""
    return np.clip(float64(x) + float64(delta)[:, None, None, None], low, high)


def clip_backward(dy: ArrayLike, y: ArrayLike, low: float, high: float) -> Array:
    """Gradient dx of sum(dy * y), y = clip(x): dy, or 0 where y is a limit.

    >>> clip_backward([1, 1, 1], [0, 3, 5], 0, 5)
    array([0., 1., 0.])
    """
    y = float64(y)
    return np.where((y <= low) | (y >= high), 0, float64(dy))


def erase(x: ArrayLike, box: ArrayLike, fill: ArrayLike) -> Array:
    """x with `fill` (broadcast to its shape) in each image's box (top, left, bottom, right).

    >>> erase(np.ones((1, 1, 4, 1)), [[0, 1, 1, 3]], 7).ravel()
    array([1., 7., 7., 1.])
    """
    y = float64(x).copy()
    fill = np.broadcast_to(float64(fill), y.shape)
    for n, (top, left, bottom, right) in enumerate(np.asarray(box)):
        inside = n, slice(top, bottom), slice(left, right)
        y[inside] = fill[inside]
    return y


def normal_numbers(count: int, seed: int, step: int = 0) -> Array:
    """Normal numbers by Box and Muller's method: a function of seed, step and index alone.

    Elements 4 k to 4 k + 3 come from the words of Philox's counter (k, step): a radius and an angle
    from each pair of words, and a cosine and a sine from each angle.
    """
    block = np.arange(-(-count // 4), dtype=np.uint64)
    counter = (block, block >> np.uint64(32), np.uint64(step), np.uint64(step >> 32))
    words = np.stack(philox4x32(counter, (seed, seed >> 32)), axis=-1).astype(np.float64)
    share = ((words + 0.5) / 2**32).reshape(-1, 2)
    radius, angle = np.sqrt(-2 * np.log(share[:, 0])), 2 * np.pi * share[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()[:count]
