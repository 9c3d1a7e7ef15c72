"""The exponential and the soft rectifier, and their gradients."""

from __future__ import annotations

from typing import Any

from fastconv.ops._activations import backward, forward
from fastconv.ops._checks import Array


def softplus(x: Any, *, out: Array | None = None) -> Array:
    """log(1 + exp(x)), computed so that exp cannot overflow.

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
    >>> softplus([0, 100]).round(4)
    array([  0.6931, 100.    ], dtype=float32)
    """
    return forward("softplus", "softplus", x, out)


def softplus_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * softplus(x)), from y = softplus(x): dy * (1 - exp(-y)).

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
    >>> softplus_backward([1], softplus([0]))
    array([0.5], dtype=float32)
    """
    return backward("softplus_backward", "softplus", dy, y, "y", out)


def exponential(x: Any, *, out: Array | None = None) -> Array:
    """exp(x).

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
    >>> exponential([0, 1]).round(4)
    array([1.    , 2.7183], dtype=float32)
    """
    return forward("exponential", "exponential", x, out)


def exponential_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * exponential(x)), from y = exponential(x): dy * y.

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
    >>> exponential_backward([2], [3])
    array([6.], dtype=float32)
    """
    return backward("exponential_backward", "exponential", dy, y, "y", out)
