"""Inputs times a gate, a smooth step of the input: GELU, SiLU; and their gradients."""

from __future__ import annotations

from typing import Any

from fastconv.ops._activations import backward, forward
from fastconv.ops._checks import Array, flag


def gelu(x: Any, approximate: bool = False, *, out: Array | None = None) -> Array:
    """x times the standard normal distribution function at x: x / 2 * (1 + erf(x / sqrt(2))).

    Parameters
    ----------
    x : array_like of any shape
    approximate : bool
        x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) instead.
    out : float32 array of the shape of x, optional
        It may be x itself.

    Returns
    -------
    float32 array of the shape of x: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If types or arguments do not fit, before anything is written.

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
    where = "gelu"
    kind = "gelu_tanh" if flag(approximate, "approximate", where) else "gelu"
    return forward(where, kind, x, out)


def gelu_backward(dy: Any, x: Any, approximate: bool = False, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * gelu(x)), from the input x.

    Parameters
    ----------
    dy, x : array_like of one shape
    approximate : bool
        x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) instead.
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
    >>> gelu_backward([1, 1], [-1, 1]).round(4)
    array([-0.0833,  1.0833], dtype=float32)
    """
    where = "gelu_backward"
    kind = "gelu_tanh" if flag(approximate, "approximate", where) else "gelu"
    return backward(where, kind, dy, x, "x", out)


def silu(x: Any, *, out: Array | None = None) -> Array:
    """x * sigmoid(x), also called swish.

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

    Examples
    --------
    >>> silu([-1, 0, 1]).round(4)
    array([-0.2689,  0.    ,  0.7311], dtype=float32)
    """
    return forward("silu", "silu", x, out)


def silu_backward(dy: Any, x: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * silu(x)), from the input x.

    Parameters
    ----------
    dy, x : array_like of one shape
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
    >>> silu_backward([1, 1], [0, 1]).round(4)
    array([0.5   , 0.9277], dtype=float32)
    """
    return backward("silu_backward", "silu", dy, x, "x", out)


def hard_silu(x: Any, *, out: Array | None = None) -> Array:
    """x * hard_sigmoid(x), also called hard swish.

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

    Examples
    --------
    >>> hard_silu([-4, 0, 3, 4])
    array([-0.,  0.,  3.,  4.], dtype=float32)
    """
    return forward("hard_silu", "hard_silu", x, out)


def hard_silu_backward(dy: Any, x: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * hard_silu(x)), from the input x.

    Parameters
    ----------
    dy, x : array_like of one shape
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
    >>> hard_silu_backward([1, 1], [0, 4])
    array([0.5, 1. ], dtype=float32)
    """
    return backward("hard_silu_backward", "hard_silu", dy, x, "x", out)
