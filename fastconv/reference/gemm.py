"""The matrix product."""

from __future__ import annotations

from numpy.typing import ArrayLike

from fastconv.reference._arrays import Array, activate, float64


def gemm(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike | None = None,
    alpha: float = 1,
    beta: float = 0,
    trans_a: bool = False,
    trans_b: bool = False,
    bias: ArrayLike = 0,
    activation: str | None = None,
) -> Array:
    """activation(alpha * op(a) @ op(b) + beta * c + bias); with beta 0, c is not read.

    >>> gemm([[1, 2], [3, 4]], [[0, 1], [1, 0]], bias=[10, 20])
    array([[12., 21.],
           [14., 23.]])
    """
    a, b = float64(a), float64(b)
    y = alpha * ((a.T if trans_a else a) @ (b.T if trans_b else b))
    if beta != 0 and c is not None:
        y = y + beta * float64(c)
    return activate(y + float64(bias), activation)
