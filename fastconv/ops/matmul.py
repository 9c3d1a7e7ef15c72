"""Matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.kernels.matmul.gemm import gemm as gemm_kernel
from fastconv.ops._checks import (
    Array,
    activation_name,
    flag,
    number,
    result,
    same_shape,
    strided_float32,
    vector,
)

__all__ = ["gemm"]


def gemm(
    a: Any,
    b: Any,
    c: Any = None,
    alpha: float = 1,
    beta: float = 0,
    trans_a: bool = False,
    trans_b: bool = False,
    *,
    bias: Any = None,
    activation: str | None = None,
    out: Array | None = None,
) -> Array:
    """activation(alpha * op(a) @ op(b) + beta * c + bias) in float32.

    Parameters
    ----------
    a, b : array_like, two axes
        op(a) is (m, k) and op(b) is (k, n); any strides are read in place.
    c : array_like (m, n), optional
        Not read if beta is 0, as in BLAS.
    alpha, beta : float
    trans_a, trans_b : bool
        Whether op transposes the matrix; passing a.T does the same.
    bias : array_like (n,), optional
        Added to every row.
    activation : None, "linear" or "relu"
    out : float32 array (m, n), optional
        Of any strides. It may be `c` itself, but must not overlap anything else.

    Returns
    -------
    float32 array (m, n): `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit, before anything is written.

    Examples
    --------
    >>> gemm([[1, 2], [3, 4]], [[0, 1], [1, 0]], bias=[10, 20])
    array([[12., 21.],
           [14., 23.]], dtype=float32)
    """
    where = "gemm"
    left = strided_float32(a, "a", where, "(m, k)")
    right = strided_float32(b, "b", where, "(k, n)")
    left = left.T if flag(trans_a, "trans_a", where) else left
    right = right.T if flag(trans_b, "trans_b", where) else right
    (m, k), (rows, n) = left.shape, right.shape
    if rows != k:
        raise ValueError(
            f"{where}: op(a) has {k} columns, op(b) has {rows} rows; received a {np.shape(a)}, "
            f"b {np.shape(b)}, trans_a {trans_a}, trans_b {trans_b}"
        )
    alpha, beta = number(alpha, "alpha", where), number(beta, "beta", where)
    if beta != 0 and c is None:
        raise ValueError(f"{where}: c must be given when beta is not 0; received beta {beta:g}")
    added = None if c is None else strided_float32(c, "c", where, "(m, n)")
    if added is not None:
        same_shape(added, (m, n), "c", "op(a) @ op(b)", where)
    row = None if bias is None else vector(bias, n, "bias", "columns", where)
    name = activation_name(activation, where)
    y = result(out, (m, n), where, in_place=("c",), dense=False, a=a, b=b, bias=bias, c=c)
    if beta != 0 and added is not None and added is not y:
        y[...] = added
    gemm_kernel(left, right, y, alpha, beta, row, name)
    return y
