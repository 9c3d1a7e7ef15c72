"""Contrast and brightness of images, and the gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastconv.kernels.images.adjust import adjust, channel_means, clip_bwd
from fastconv.ops._checks import LAST, Array, float32, number, pixels, result, same_shape
from fastconv.ops._docs import LIKE_X, documented

__all__ = ["brightness", "brightness_backward", "contrast", "contrast_backward"]

FORWARD = """
Parameters
----------
x : array_like (mb, ih, iw, c)
    Bytes are read as they are.
low, high : float
    The limits; by default there are none.
"""
BACKWARD = """
Parameters
----------
dy, y : array_like (mb, ih, iw, c)
low, high
    As in the forward pass.
out : float32 array of the shape of y, optional
    It may be dy itself.

Returns
-------
float32 array of the shape of y: `out` if given.
"""
ONE = np.ones((1, 1), np.float32)


@documented(LIKE_X, FORWARD)
def contrast(
    x: Any,
    factor: Any,
    low: float = -np.inf,
    high: float = np.inf,
    *,
    out: Array | None = None,
) -> Array:
    """clip((x - mean) * factor + mean, low, high), with the mean of each channel of each image.

    Parameters
    ----------
    factor : float, or array_like (mb,) with one for each image

    Examples
    --------
    >>> contrast(np.array([90, 110]).reshape(1, 1, 2, 1), 1.5).ravel()
    array([ 85., 115.], dtype=float32)
    """
    where = "contrast"
    images, f = pixels(x, where, False), _per_image(factor, x, "factor", where)
    limits = _limits(low, high, where)
    y = result(out, images.shape, where, in_place=("x",), x=x, factor=factor)
    adjust(_rows(images), _rows(y), f, _mean_offset(images, f), *limits)
    return y


@documented(BACKWARD)
def contrast_backward(
    dy: Any,
    y: Any,
    factor: Any,
    low: float = -np.inf,
    high: float = np.inf,
    *,
    out: Array | None = None,
) -> Array:
    """Gradient dx of sum(dy * y), for y from `contrast`; clipped elements of y add nothing.

    Parameters
    ----------
    factor
        As given to `contrast`.

    Examples
    --------
    >>> y = np.array([85.0, 115.0]).reshape(1, 1, 2, 1)
    >>> contrast_backward(np.array([1.0, 0.0]).reshape(y.shape), y, 1.5).ravel()
    array([ 1.25, -0.25], dtype=float32)
    """
    where = "contrast_backward"
    gradient, outputs = _gradient(dy, y, where)
    f, limits = _per_image(factor, y, "factor", where), _limits(low, high, where)
    dx = result(out, gradient.shape, where, in_place=("dy", "y"), dy=dy, y=y, factor=factor)
    clip_bwd(_rows(gradient), _rows(outputs), _rows(dx), *limits)
    adjust(_rows(dx), _rows(dx), f, _mean_offset(dx, f), -np.inf, np.inf)
    return dx


@documented(LIKE_X, FORWARD)
def brightness(
    x: Any,
    delta: Any,
    low: float = -np.inf,
    high: float = np.inf,
    *,
    out: Array | None = None,
) -> Array:
    """clip(x + delta, low, high).

    Parameters
    ----------
    delta : float, or array_like (mb,) with one for each image

    Examples
    --------
    >>> x = np.array([0, 100, 250], np.uint8).reshape(1, 1, 3, 1)
    >>> brightness(x, 51, 0, 255).ravel()
    array([ 51., 151., 255.], dtype=float32)
    """
    where = "brightness"
    images, d = pixels(x, where, False), _per_image(delta, x, "delta", where)
    limits = _limits(low, high, where)
    y = result(out, images.shape, where, in_place=("x",), x=x, delta=delta)
    adjust(_rows(images), _rows(y), ONE, d, *limits)
    return y


@documented(BACKWARD)
def brightness_backward(
    dy: Any, y: Any, low: float = -np.inf, high: float = np.inf, *, out: Array | None = None
) -> Array:
    """Gradient dx of sum(dy * y), for y from `brightness`: dy, or 0 where y is a limit.

    Examples
    --------
    >>> y = np.array([51.0, 151.0, 255.0]).reshape(1, 1, 3, 1)
    >>> brightness_backward(np.ones(y.shape), y, 0, 255).ravel()
    array([1., 1., 0.], dtype=float32)
    """
    where = "brightness_backward"
    (gradient, outputs), limits = _gradient(dy, y, where), _limits(low, high, where)
    dx = result(out, gradient.shape, where, in_place=("dy", "y"), dy=dy, y=y)
    clip_bwd(_rows(gradient), _rows(outputs), _rows(dx), *limits)
    return dx


def _gradient(dy: Any, y: Any, where: str) -> tuple[Array, Array]:
    gradient, outputs = float32(dy, "dy", where, LAST), float32(y, "y", where, LAST)
    same_shape(gradient, outputs.shape, "dy", "y", where)
    if not outputs.shape[1] * outputs.shape[2]:
        raise ValueError(f"{where}: images must have a pixel; received y of shape {outputs.shape}")
    return gradient, outputs


def _per_image(value: Any, x: Any, what: str, where: str) -> Array:
    """A number for each image as (mb, 1), or one for all as (1, 1)."""
    array, mb = float32(value, what, where), len(x)
    if array.shape not in ((), (mb,)):
        raise ValueError(
            f"{where}: {what} must be a number, or one for each of the {mb} images; received "
            f"shape {array.shape}"
        )
    return array.reshape(-1, 1)


def _limits(low: float, high: float, where: str) -> tuple[float, float]:
    limits = number(low, "low", where), number(high, "high", where)
    if not limits[0] <= limits[1]:
        raise ValueError(f"{where}: low must be at most high; received {low!r} and {high!r}")
    return limits


def _mean_offset(images: NDArray[Any], factor: Array) -> Array:
    """mean * (1 - factor), (mb, c): contrast adds it to x * factor, its gradient to dy * factor."""
    means = np.empty((len(images), images.shape[3]), np.float32)
    channel_means(_rows(images), means)
    return means * (1 - factor)


def _rows(images: NDArray[Any]) -> NDArray[Any]:
    """(mb, ih, iw, c) as (mb, ih * iw, c): a view."""
    mb, ih, iw, c = images.shape
    return images.reshape(mb, ih * iw, c)
