"""Rectifiers with a slope, a clip or an exponential below zero, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.ops._activations import backward, forward, positive
from fastconv.ops._checks import Array, number

SELU = 1.0507009873554805, 1.0507009873554805 * 1.6732632423543772


def leaky_relu(x: Any, negative_slope: float = 0.2, *, out: Array | None = None) -> Array:
    """x, or negative_slope * x where x <= 0.

    Parameters
    ----------
    x : array_like of any shape
    negative_slope : float
        At least 0.
    out : float32 array of the shape of x, optional
        It may be x itself.

    Returns
    -------
    float32 array of the shape of x: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If types or arguments do not fit, before anything is written.

    Examples
    --------
    >>> leaky_relu([-1, 0, 2], 0.5)
    array([-0.5,  0. ,  2. ], dtype=float32)
    """
    where = "leaky_relu"
    slope = positive(negative_slope, "negative_slope", where)
    return forward(where, "leaky_relu", x, out, slope)


def leaky_relu_backward(
    dy: Any, y: Any, negative_slope: float = 0.2, *, out: Array | None = None
) -> Array:
    """Gradient dx of sum(dy * leaky_relu(x)), from y = leaky_relu(x).

    Parameters
    ----------
    dy, y : array_like of one shape
    negative_slope : float
        At least 0.
    out : float32 array of that shape, optional
        It may be dy or y itself.

    Returns
    -------
    float32 array: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes, types or arguments do not fit, before anything is written.

    Examples
    --------
    >>> leaky_relu_backward([1, 1], [-1, 2], 0.5)
    array([0.5, 1. ], dtype=float32)
    """
    where = "leaky_relu_backward"
    slope = positive(negative_slope, "negative_slope", where)
    return backward(where, "leaky_relu", dy, y, "y", out, slope)


def clipped_relu(
    x: Any,
    max_value: float = 6,
    negative_slope: float = 0,
    threshold: float = 0,
    *,
    out: Array | None = None,
) -> Array:
    """min(x, max_value), or negative_slope * (x - threshold) where x <= threshold.

    Parameters
    ----------
    x : array_like of any shape
    max_value, negative_slope, threshold : float
        At least 0; `max_value` may be infinite.
    out : float32 array of the shape of x, optional
        It may be x itself.

    Returns
    -------
    float32 array of the shape of x: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If types or arguments do not fit, before anything is written.

    Examples
    --------
    >>> clipped_relu([-1, 2, 9], negative_slope=0.5)
    array([-0.5,  2. ,  6. ], dtype=float32)
    """
    where = "clipped_relu"
    top = number(max_value, "max_value", where, 0, np.inf) if max_value != np.inf else np.inf
    slope = positive(negative_slope, "negative_slope", where)
    low = positive(threshold, "threshold", where)
    return forward(where, "clipped_relu", x, out, top, slope, low)


def clipped_relu_backward(
    dy: Any,
    x: Any,
    max_value: float = 6,
    negative_slope: float = 0,
    threshold: float = 0,
    *,
    out: Array | None = None,
) -> Array:
    """Gradient dx of sum(dy * clipped_relu(x)), from x; 0 where x >= max_value.

    Parameters
    ----------
    dy, x : array_like of one shape
    max_value, negative_slope, threshold : float
        At least 0; `max_value` may be infinite.
    out : float32 array of that shape, optional
        It may be dy or x itself.

    Returns
    -------
    float32 array: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes, types or arguments do not fit, before anything is written.

    Examples
    --------
    >>> clipped_relu_backward([1, 1, 1], [-1, 2, 9])
    array([0., 1., 0.], dtype=float32)
    """
    where = "clipped_relu_backward"
    top = number(max_value, "max_value", where, 0, np.inf) if max_value != np.inf else np.inf
    slope = positive(negative_slope, "negative_slope", where)
    low = positive(threshold, "threshold", where)
    return backward(where, "clipped_relu", dy, x, "x", out, top, slope, low)


def elu(x: Any, alpha: float = 1, *, out: Array | None = None) -> Array:
    """x, or alpha * (exp(x) - 1) where x <= 0.

    Parameters
    ----------
    x : array_like of any shape
    alpha : float
        At least 0.
    out : float32 array of the shape of x, optional
        It may be x itself.

    Returns
    -------
    float32 array of the shape of x: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If types or arguments do not fit, before anything is written.

    Examples
    --------
    >>> elu([-1, 2]).round(4)
    array([-0.6321,  2.    ], dtype=float32)
    """
    where = "elu"
    depth = positive(alpha, "alpha", where)
    return forward(where, "elu", x, out, 1.0, depth)


def elu_backward(dy: Any, y: Any, alpha: float = 1, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * elu(x)), from y = elu(x): dy * (y + alpha) where y <= 0.

    Parameters
    ----------
    dy, y : array_like of one shape
    alpha : float
        At least 0.
    out : float32 array of that shape, optional
        It may be dy or y itself.

    Returns
    -------
    float32 array: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes, types or arguments do not fit, before anything is written.

    Examples
    --------
    >>> elu_backward([1, 1], [-0.5, 2])
    array([0.5, 1. ], dtype=float32)
    """
    where = "elu_backward"
    depth = positive(alpha, "alpha", where)
    return backward(where, "elu", dy, y, "y", out, 1.0, depth)


def selu(x: Any, *, out: Array | None = None) -> Array:
    """1.0507 * elu(x, 1.67326), which keeps mean 0 and variance 1.

    Parameters
    ----------
    x : array_like of any shape
    out : float32 array of the shape of x, optional
        It may be x itself.

    Returns
    -------
    float32 array of the shape of x: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If types or arguments do not fit, before anything is written.

    References
    ----------
    Klambauer et al., "Self-normalizing neural networks" (2017).

    Examples
    --------
    >>> selu([-1, 1]).round(4)
    array([-1.1113,  1.0507], dtype=float32)
    """
    return forward("selu", "elu", x, out, *SELU)


def selu_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * selu(x)), from y = selu(x).

    Parameters
    ----------
    dy, y : array_like of one shape
    out : float32 array of that shape, optional
        It may be dy or y itself.

    Returns
    -------
    float32 array: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes, types or arguments do not fit, before anything is written.

    Examples
    --------
    >>> selu_backward([1, 1], selu([-1, 1])).round(4)
    array([0.6468, 1.0507], dtype=float32)
    """
    return backward("selu_backward", "elu", dy, y, "y", out, *SELU)
