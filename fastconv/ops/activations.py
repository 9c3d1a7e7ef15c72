"""Activations and their gradients: sigmoids, gates, exponentials, softmax.

A gradient is computed from the output y where it is a function of y (then x need not be kept), else
from the input x; the name of the second parameter says which. `forward` and `backward` are
used by `fastconv.ops.rectifiers`, too, which has the other activations.
"""

from __future__ import annotations

from typing import Any

from fastconv.kernels.activations.activation import activation_bwd, activation_fwd
from fastconv.kernels.activations.softmax import softmax_bwd, softmax_fwd
from fastconv.ops._checks import Array, flag, float32, result, same_shape
from fastconv.ops._docs import LIKE_X, documented

__all__ = [
    "exponential",
    "exponential_backward",
    "gelu",
    "gelu_backward",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "hard_silu",
    "hard_silu_backward",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "softmax",
    "softmax_backward",
    "softplus",
    "softplus_backward",
    "softsign",
    "softsign_backward",
    "tanh",
    "tanh_backward",
]

BACKWARD = """
Parameters
----------
dy : array_like
    The gradient of the output.
x : array_like of the shape of dy
    The input.
y : array_like of the shape of dy
    The output.
out : float32 array of that shape, optional
    It may be dy itself, or the other array.

Returns
-------
float32 array of the shape of dy: `out` if given.
"""


@documented(LIKE_X)
def sigmoid(x: Any, *, out: Array | None = None) -> Array:
    """1 / (1 + exp(-x)).

    Examples
    --------
    >>> sigmoid([0, 1]).round(4)
    array([0.5   , 0.7311], dtype=float32)
    """
    return forward("sigmoid", "sigmoid", x, out)


@documented(BACKWARD)
def sigmoid_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * sigmoid(x)), from y = sigmoid(x): dy * y * (1 - y).

    Examples
    --------
    >>> sigmoid_backward([1], [0.5])
    array([0.25], dtype=float32)
    """
    return backward("sigmoid_backward", "sigmoid", dy, y, "y", out)


@documented(LIKE_X)
def hard_sigmoid(x: Any, *, out: Array | None = None) -> Array:
    """x / 6 + 1 / 2, but at least 0 and at most 1.

    Examples
    --------
    >>> hard_sigmoid([-4, 0, 4])
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return forward("hard_sigmoid", "hard_sigmoid", x, out)


@documented(BACKWARD)
def hard_sigmoid_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * hard_sigmoid(x)), from y = hard_sigmoid(x): dy / 6 where 0 < y < 1.

    Examples
    --------
    >>> hard_sigmoid_backward([6, 6], [0, 0.5])
    array([0., 1.], dtype=float32)
    """
    return backward("hard_sigmoid_backward", "hard_sigmoid", dy, y, "y", out)


@documented(LIKE_X)
def tanh(x: Any, *, out: Array | None = None) -> Array:
    """Hyperbolic tangent.

    Examples
    --------
    >>> tanh([0, 1]).round(4)
    array([0.    , 0.7616], dtype=float32)
    """
    return forward("tanh", "tanh", x, out)


@documented(BACKWARD)
def tanh_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * tanh(x)), from y = tanh(x): dy * (1 - y**2).

    Examples
    --------
    >>> tanh_backward([1], [0.5])
    array([0.75], dtype=float32)
    """
    return backward("tanh_backward", "tanh", dy, y, "y", out)


@documented(LIKE_X)
def softsign(x: Any, *, out: Array | None = None) -> Array:
    """x / (1 + abs(x)).

    Examples
    --------
    >>> softsign([-1, 3])
    array([-0.5 ,  0.75], dtype=float32)
    """
    return forward("softsign", "softsign", x, out)


@documented(BACKWARD)
def softsign_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * softsign(x)), from y = softsign(x): dy * (1 - abs(y))**2.

    Examples
    --------
    >>> softsign_backward([1], [0.5])
    array([0.25], dtype=float32)
    """
    return backward("softsign_backward", "softsign", dy, y, "y", out)


@documented(LIKE_X)
def softplus(x: Any, *, out: Array | None = None) -> Array:
    """log(1 + exp(x)), computed so that exp cannot overflow.

    Examples
    --------
    >>> softplus([0, 100]).round(4)
    array([  0.6931, 100.    ], dtype=float32)
    """
    return forward("softplus", "softplus", x, out)


@documented(BACKWARD)
def softplus_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * softplus(x)), from y = softplus(x): dy * (1 - exp(-y)).

    Examples
    --------
    >>> softplus_backward([1], softplus([0]))
    array([0.5], dtype=float32)
    """
    return backward("softplus_backward", "softplus", dy, y, "y", out)


@documented(LIKE_X)
def exponential(x: Any, *, out: Array | None = None) -> Array:
    """exp(x).

    Examples
    --------
    >>> exponential([0, 1]).round(4)
    array([1.    , 2.7183], dtype=float32)
    """
    return forward("exponential", "exponential", x, out)


@documented(BACKWARD)
def exponential_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * exponential(x)), from y = exponential(x): dy * y.

    Examples
    --------
    >>> exponential_backward([2], [3])
    array([6.], dtype=float32)
    """
    return backward("exponential_backward", "exponential", dy, y, "y", out)


@documented(LIKE_X)
def gelu(x: Any, approximate: bool = False, *, out: Array | None = None) -> Array:
    """x times the standard normal distribution function at x: x / 2 * (1 + erf(x / sqrt(2))).

    Parameters
    ----------
    approximate : bool
        x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) instead.

    Notes
    -----
    The exact form takes the distribution function from a ratio of polynomials, whose error is at
    most 2**-22, and 2**-21 in its derivative: the result is off by at most ``abs(x) * 2**-22``
    before it is rounded, and 0 below -5.3. The approximate form is the formula with tanh to a few
    roundings; the two differ by up to 5e-4.

    References
    ----------
    Hendrycks, Gimpel, "Gaussian error linear units" (2016).

    Examples
    --------
    >>> gelu([-1, 0, 1]).round(4)
    array([-0.1587,  0.    ,  0.8413], dtype=float32)
    """
    kind = "gelu_tanh" if flag(approximate, "approximate", "gelu") else "gelu"
    return forward("gelu", kind, x, out)


@documented(BACKWARD)
def gelu_backward(dy: Any, x: Any, approximate: bool = False, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * gelu(x)), from the input x.

    Parameters
    ----------
    approximate
        As in the forward pass.

    Examples
    --------
    >>> gelu_backward([1, 1], [-1, 1]).round(4)
    array([-0.0833,  1.0833], dtype=float32)
    """
    where = "gelu_backward"
    kind = "gelu_tanh" if flag(approximate, "approximate", where) else "gelu"
    return backward(where, kind, dy, x, "x", out)


@documented(LIKE_X)
def silu(x: Any, *, out: Array | None = None) -> Array:
    """x * sigmoid(x), also called swish.

    Examples
    --------
    >>> silu([-1, 0, 1]).round(4)
    array([-0.2689,  0.    ,  0.7311], dtype=float32)
    """
    return forward("silu", "silu", x, out)


@documented(BACKWARD)
def silu_backward(dy: Any, x: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * silu(x)), from the input x.

    Examples
    --------
    >>> silu_backward([1, 1], [0, 1]).round(4)
    array([0.5   , 0.9277], dtype=float32)
    """
    return backward("silu_backward", "silu", dy, x, "x", out)


@documented(LIKE_X)
def hard_silu(x: Any, *, out: Array | None = None) -> Array:
    """x * hard_sigmoid(x), also called hard swish.

    Examples
    --------
    >>> hard_silu([-4, 0, 3, 4])
    array([-0.,  0.,  3.,  4.], dtype=float32)
    """
    return forward("hard_silu", "hard_silu", x, out)


@documented(BACKWARD)
def hard_silu_backward(dy: Any, x: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * hard_silu(x)), from the input x.

    Examples
    --------
    >>> hard_silu_backward([1, 1], [0, 4])
    array([0.5, 1. ], dtype=float32)
    """
    return backward("hard_silu_backward", "hard_silu", dy, x, "x", out)


@documented(LIKE_X)
def softmax(x: Any, *, out: Array | None = None) -> Array:
    """exp(x) / sum(exp(x)) over the last axis, computed so that exp cannot overflow.

    Parameters
    ----------
    x : array_like (..., classes)

    Examples
    --------
    >>> softmax([[0, 0, 0, 0]])
    array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """
    inputs = _classes(x, "x", "softmax")
    y = result(out, inputs.shape, "softmax", in_place=("x",), x=x)
    rows = (inputs.size // inputs.shape[-1], inputs.shape[-1])
    softmax_fwd(inputs.reshape(rows), y.reshape(rows))
    return y


@documented(BACKWARD)
def softmax_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * softmax(x)), from y = softmax(x): y * (dy - sum(dy * y)).

    Examples
    --------
    >>> softmax_backward([[1, 0]], [[0.5, 0.5]])
    array([[ 0.25, -0.25]], dtype=float32)
    """
    where = "softmax_backward"
    dout, outputs = _classes(dy, "dy", where), _classes(y, "y", where)
    same_shape(dout, outputs.shape, "dy", "y", where)
    dx = result(out, outputs.shape, where, in_place=("dy", "y"), dy=dy, y=y)
    rows = (dout.size // dout.shape[-1], dout.shape[-1])
    softmax_bwd(dout.reshape(rows), outputs.reshape(rows), dx.reshape(rows))
    return dx


def forward(where: str, kind: str, x: Any, out: Array | None, *numbers: float) -> Array:
    """f(x), where f is the kernel's function `kind` with the parameters `numbers`."""
    inputs = float32(x, "x", where)
    y = result(out, inputs.shape, where, in_place=("x",), x=x)
    activation_fwd(kind, inputs.reshape(-1), y.reshape(-1), *numbers)
    return y


def backward(
    where: str, kind: str, dy: Any, s: Any, what: str, out: Array | None, *numbers: float
) -> Array:
    """dy * f'(x), from `s`: the output or the input, whichever the kernel reads (`what`)."""
    dout, read = float32(dy, "dy", where), float32(s, what, where)
    same_shape(dout, read.shape, "dy", what, where)
    dx = result(out, read.shape, where, in_place=("dy", what), **{"dy": dy, what: s})
    activation_bwd(kind, dout.reshape(-1), read.reshape(-1), dx.reshape(-1), *numbers)
    return dx


def _classes(x: Any, what: str, where: str) -> Array:
    """`x` as float32 with a last axis that is not empty."""
    array = float32(x, what, where)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(
            f"{where}: {what} must have a last axis of at least one class; "
            f"received shape {array.shape}"
        )
    return array
