"""Scale and offset, straight from bytes or from anything else."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.kernels.elementwise.arithmetic import affine as affine_kernel
from fastconv.kernels.elementwise.arithmetic import affine_u8
from fastconv.ops._checks import Array, float32, number, real_array, result


def affine(x: Any, scale: float, offset: float = 0, *, out: Array | None = None) -> Array:
    """x * scale + offset; uint8 images are read as they are.

    Parameters
    ----------
    x : array_like of any shape
    scale, offset : float
    out : float32 array of the shape of x, optional
        It may be x itself.

    Returns
    -------
    float32 array of the shape of x: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If types do not fit, or `out` cannot take the result; before anything is written.

    Examples
    --------
    >>> affine(np.array([0, 64, 128], np.uint8), 1 / 256)
    array([0.  , 0.25, 0.5 ], dtype=float32)
    """
    where = "affine"
    array = real_array(x, "x", where)
    factor, term = number(scale, "scale", where), number(offset, "offset", where)
    y = result(out, array.shape, where, allow_same=True, x=x)
    if array.dtype == np.uint8:
        affine_u8(np.ravel(array), y.reshape(-1), factor, term)
    else:
        affine_kernel(float32(array, "x", where).reshape(-1), y.reshape(-1), factor, term)
    return y
