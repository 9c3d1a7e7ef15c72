"""Steps from one bound to another: sigmoid, tanh, softsign; and their gradients."""

from __future__ import annotations

from typing import Any

from fastconv.ops._activations import backward, forward
from fastconv.ops._checks import Array


def sigmoid(x: Any, *, out: Array | None = None) -> Array:
    """1 / (1 + exp(-x)).

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
    >>> sigmoid([0, 1]).round(4)
    array([0.5   , 0.7311], dtype=float32)
    """
    return forward("sigmoid", "sigmoid", x, out)


def sigmoid_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * sigmoid(x)), from y = sigmoid(x): dy * y * (1 - y).

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
    >>> sigmoid_backward([1], [0.5])
    array([0.25], dtype=float32)
    """
    return backward("sigmoid_backward", "sigmoid", dy, y, "y", out)


def hard_sigmoid(x: Any, *, out: Array | None = None) -> Array:
    """x / 6 + 1 / 2, but at least 0 and at most 1.

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
    >>> hard_sigmoid([-4, 0, 4])
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return forward("hard_sigmoid", "hard_sigmoid", x, out)


def hard_sigmoid_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * hard_sigmoid(x)), from y = hard_sigmoid(x): dy / 6 where 0 < y < 1.

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
    >>> hard_sigmoid_backward([6, 6], [0, 0.5])
    array([0., 1.], dtype=float32)
    """
    return backward("hard_sigmoid_backward", "hard_sigmoid", dy, y, "y", out)


def tanh(x: Any, *, out: Array | None = None) -> Array:
    """Hyperbolic tangent.

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
    >>> tanh([0, 1]).round(4)
    array([0.    , 0.7616], dtype=float32)
    """
    return forward("tanh", "tanh", x, out)


def tanh_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * tanh(x)), from y = tanh(x): dy * (1 - y**2).

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
    >>> tanh_backward([1], [0.5])
    array([0.75], dtype=float32)
    """
    return backward("tanh_backward", "tanh", dy, y, "y", out)


def softsign(x: Any, *, out: Array | None = None) -> Array:
    """x / (1 + abs(x)).

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
    >>> softsign([-1, 3])
    array([-0.5 ,  0.75], dtype=float32)
    """
    return forward("softsign", "softsign", x, out)


def softsign_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * softsign(x)), from y = softsign(x): dy * (1 - abs(y))**2.

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
    >>> softsign_backward([1], [0.5])
    array([0.25], dtype=float32)
    """
    return backward("softsign_backward", "softsign", dy, y, "y", out)
