"""Dropout: a mask that depends on the seed, the step and the element's index alone."""

from __future__ import annotations

from typing import Any

from fastconv._arguments import is_whole
from fastconv.kernels.elementwise.dropout import dropout_bwd, dropout_fwd
from fastconv.ops._checks import Array, float32, number, result


def dropout(x: Any, rate: float, seed: int, step: int = 0, *, out: Array | None = None) -> Array:
    """x / (1 - rate) where the mask keeps an element, 0 elsewhere.

    The mask is `fastconv.reference.dropout_mask`: the same on every machine and for any number of
    threads.

    Parameters
    ----------
    x : array_like of any shape
    rate : float
        The share of elements to drop, at least 0 and less than 1.
    seed, step : int
        At least 0 and less than 2**64.
    out : float32 array of the shape of x, optional
        It may be x itself.

    Returns
    -------
    float32 array of the shape of x: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If types or values do not fit, before anything is written.

    Examples
    --------
    >>> dropout(np.ones(8), 0.5, seed=3)
    array([2., 0., 2., 2., 0., 2., 0., 2.], dtype=float32)
    """
    inputs, share = float32(x, "x", "dropout"), number(rate, "rate", "dropout", 0, 1)
    key, counter = _word(seed, "seed", "dropout"), _word(step, "step", "dropout")
    y = result(out, inputs.shape, "dropout", allow_same=True, x=x)
    dropout_fwd(inputs.reshape(-1), y.reshape(-1), share, key, counter)
    return y


def dropout_backward(
    dy: Any, rate: float, seed: int, step: int = 0, *, out: Array | None = None
) -> Array:
    """Gradient dx of sum(dy * dropout(x, rate, seed, step)).

    Parameters
    ----------
    dy : array_like of any shape
    rate, seed, step
        As given to `dropout`.
    out : float32 array of the shape of dy, optional
        It may be dy itself.

    Returns
    -------
    float32 array of the shape of dy: `out` if given.

    Raises
    ------
    TypeError, ValueError
        As `dropout`.

    Examples
    --------
    >>> dropout_backward(np.ones(8), 0.5, seed=3)
    array([2., 0., 2., 2., 0., 2., 0., 2.], dtype=float32)
    """
    where = "dropout_backward"
    dout, share = float32(dy, "dy", where), number(rate, "rate", where, 0, 1)
    key, counter = _word(seed, "seed", where), _word(step, "step", where)
    dx = result(out, dout.shape, where, allow_same=True, dy=dy)
    dropout_bwd(dout.reshape(-1), dx.reshape(-1), share, key, counter)
    return dx


def _word(value: Any, what: str, where: str) -> int:
    """A whole number that fits into 64 bits."""
    if not is_whole(value):
        raise TypeError(f"{where}: {what} must be a whole number; received {value!r}")
    if not 0 <= int(value) < 2**64:
        raise ValueError(f"{where}: {what} must be at least 0 and below 2**64; received {value!r}")
    return int(value)
