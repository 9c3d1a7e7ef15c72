"""Rectifiers: x above zero, below it 0, a slope or an exponential; and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.kernels.activations.prelu import prelu_bwd, prelu_fwd
from fastconv.kernels.elementwise.arithmetic import relu_bwd, relu_fwd
from fastconv.ops._checks import Array, float32, number, result, same_shape, vector
from fastconv.ops._docs import LIKE_X, documented
from fastconv.ops.activations import BACKWARD, backward, forward

__all__ = [
    "clipped_relu",
    "clipped_relu_backward",
    "elu",
    "elu_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "prelu",
    "prelu_backward",
    "relu",
    "relu_backward",
    "selu",
    "selu_backward",
]

SELU = 1.0507009873554805, 1.0507009873554805 * 1.6732632423543772


@documented(LIKE_X)
def relu(x: Any, *, out: Array | None = None) -> Array:
    """max(x, 0); NaN stays NaN.

    Examples
    --------
    >>> relu([-1, 0, 2])
    array([0., 0., 2.], dtype=float32)
    """
    inputs = float32(x, "x", "relu")
    y = result(out, inputs.shape, "relu", in_place=("x",), x=x)
    relu_fwd(inputs.reshape(-1), y.reshape(-1))
    return y


@documented(BACKWARD)
def relu_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * relu(x)), from y = relu(x) (or x itself): dy, but 0 where y <= 0.

    Examples
    --------
    >>> relu_backward([5, 6, 7], relu([-1, 0, 2]))
    array([0., 0., 7.], dtype=float32)
    """
    where = "relu_backward"
    dout, outputs = float32(dy, "dy", where), float32(y, "y", where)
    same_shape(dout, outputs.shape, "dy", "y", where)
    dx = result(out, outputs.shape, where, in_place=("dy", "y"), dy=dy, y=y)
    relu_bwd(dout.reshape(-1), outputs.reshape(-1), dx.reshape(-1))
    return dx


@documented(LIKE_X)
def leaky_relu(x: Any, negative_slope: float = 0.2, *, out: Array | None = None) -> Array:
    """x, or negative_slope * x where x <= 0.

    Parameters
    ----------
    negative_slope : float
        At least 0.

    Examples
    --------
    >>> leaky_relu([-1, 0, 2], 0.5)
    array([-0.5,  0. ,  2. ], dtype=float32)
    """
    slope = number(negative_slope, "negative_slope", "leaky_relu", 0)
    return forward("leaky_relu", "leaky_relu", x, out, slope)


@documented(BACKWARD)
def leaky_relu_backward(
    dy: Any, y: Any, negative_slope: float = 0.2, *, out: Array | None = None
) -> Array:
    """Gradient dx of sum(dy * leaky_relu(x)), from y = leaky_relu(x).

    Parameters
    ----------
    negative_slope
        As in the forward pass.

    Examples
    --------
    >>> leaky_relu_backward([1, 1], [-1, 2], 0.5)
    array([0.5, 1. ], dtype=float32)
    """
    where = "leaky_relu_backward"
    slope = number(negative_slope, "negative_slope", where, 0)
    return backward(where, "leaky_relu", dy, y, "y", out, slope)


@documented(LIKE_X)
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
    max_value, negative_slope, threshold : float
        At least 0; `max_value` may be infinite.

    Examples
    --------
    >>> clipped_relu([-1, 2, 9], negative_slope=0.5)
    array([-0.5,  2. ,  6. ], dtype=float32)
    """
    where = "clipped_relu"
    clip = _clip(max_value, negative_slope, threshold, where)
    return forward(where, "clipped_relu", x, out, *clip)


@documented(BACKWARD)
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
    max_value, negative_slope, threshold
        As in the forward pass.

    Examples
    --------
    >>> clipped_relu_backward([1, 1, 1], [-1, 2, 9])
    array([0., 1., 0.], dtype=float32)
    """
    where = "clipped_relu_backward"
    clip = _clip(max_value, negative_slope, threshold, where)
    return backward(where, "clipped_relu", dy, x, "x", out, *clip)


@documented(LIKE_X)
def elu(x: Any, alpha: float = 1, *, out: Array | None = None) -> Array:
    """x, or alpha * (exp(x) - 1) where x <= 0.

    Parameters
    ----------
    alpha : float
        At least 0.

    Examples
    --------
    >>> elu([-1, 2]).round(4)
    array([-0.6321,  2.    ], dtype=float32)
    """
    return forward("elu", "elu", x, out, 1.0, number(alpha, "alpha", "elu", 0))


@documented(BACKWARD)
def elu_backward(dy: Any, y: Any, alpha: float = 1, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * elu(x)), from y = elu(x): dy * (y + alpha) where y <= 0.

    Parameters
    ----------
    alpha
        As in the forward pass.

    Examples
    --------
    >>> elu_backward([1, 1], [-0.5, 2])
    array([0.5, 1. ], dtype=float32)
    """
    where = "elu_backward"
    return backward(where, "elu", dy, y, "y", out, 1.0, number(alpha, "alpha", where, 0))


@documented(LIKE_X)
def selu(x: Any, *, out: Array | None = None) -> Array:
    """1.0507 * elu(x, 1.67326), which keeps mean 0 and variance 1.

    References
    ----------
    Klambauer et al., "Self-normalizing neural networks" (2017).

    Examples
    --------
    >>> selu([-1, 1]).round(4)
    array([-1.1113,  1.0507], dtype=float32)
    """
    return forward("selu", "elu", x, out, *SELU)


@documented(BACKWARD)
def selu_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * selu(x)), from y = selu(x).

    Examples
    --------
    >>> selu_backward([1, 1], selu([-1, 1])).round(4)
    array([0.6468, 1.0507], dtype=float32)
    """
    return backward("selu_backward", "elu", dy, y, "y", out, *SELU)


@documented(LIKE_X)
def prelu(x: Any, alpha: Any, *, out: Array | None = None) -> Array:
    """x, or alpha * x where x <= 0, with one alpha for each entry of the last axis.

    Parameters
    ----------
    x : array_like (..., ic)
    alpha : array_like (ic,)

    References
    ----------
    He et al., "Delving deep into rectifiers" (2015).

    Examples
    --------
    >>> prelu([[-1, -1], [1, 1]], [0, 0.5])
    array([[-0. , -0.5],
           [ 1. ,  1. ]], dtype=float32)
    """
    inputs, slopes = _prelu_operands(x, alpha, "prelu")
    y = result(out, inputs.shape, "prelu", in_place=("x",), x=x, alpha=alpha)
    columns = (-1, len(slopes)) if inputs.size else (0, len(slopes))
    prelu_fwd(inputs.reshape(columns), slopes, y.reshape(columns))
    return y


@documented(BACKWARD)
def prelu_backward(dy: Any, x: Any, alpha: Any) -> tuple[Array, Array]:
    """Gradients (dx, dalpha) of sum(dy * prelu(x, alpha)).

    Parameters
    ----------
    dy, x : array_like (..., ic)
    alpha : array_like (ic,)

    Returns
    -------
    dx : float32 array of the shape of x
    dalpha : float32 array (ic,)

    Examples
    --------
    >>> prelu_backward([[1], [1]], [[-3], [2]], [0.5])
    (array([[0.5],
           [1. ]], dtype=float32), array([-3.], dtype=float32))
    """
    where = "prelu_backward"
    dout = float32(dy, "dy", where)
    inputs, slopes = _prelu_operands(x, alpha, where)
    same_shape(dout, inputs.shape, "dy", "x", where)
    dx, dalpha = np.empty_like(inputs), np.zeros_like(slopes)
    if inputs.size:
        columns = (-1, len(slopes))
        prelu_bwd(
            dout.reshape(columns), inputs.reshape(columns), slopes, dx.reshape(columns), dalpha
        )
    return dx, dalpha


def _clip(
    max_value: float, negative_slope: float, threshold: float, where: str
) -> tuple[float, float, float]:
    top = number(max_value, "max_value", where)
    if top != np.inf:
        top = number(max_value, "max_value", where, 0)
    slope = number(negative_slope, "negative_slope", where, 0)
    return top, slope, number(threshold, "threshold", where, 0)


def _prelu_operands(x: Any, alpha: Any, where: str) -> tuple[Array, Array]:
    inputs = float32(x, "x", where)
    if inputs.ndim == 0:
        raise ValueError(f"{where}: x must have at least one axis; received a single number")
    return inputs, vector(alpha, inputs.shape[-1], "alpha", "channels of x", where)
