"""Losses of signed targets, and of distributions and rates."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.losses.base import ByRows
from fastconv.reference.losses import POINTWISE
from fastconv.utils.arrays import OpenShape


class Hinge(ByRows):
    """Mean of max(1 - y_true * y_pred, 0), for targets of -1 and 1 (0 and 1 are taken as them).

    Examples
    --------
    >>> Hinge()([[-1.0, 1.0]], [[0.5, 0.5]])
    1.0
    """

    kind = "hinge"
    definition = staticmethod(POINTWISE[kind])

    def targets(self, y: Any, output_shape: OpenShape, *, where: str) -> np.ndarray:
        array = super().targets(y, output_shape, where=where)
        if ((array == 0) | (array == 1)).all():
            return 2 * array.astype(np.float32) - 1
        return array


class SquaredHinge(Hinge):
    """Mean of max(1 - y_true * y_pred, 0)².

    Examples
    --------
    >>> SquaredHinge()([[-1.0, 1.0]], [[0.5, 0.5]])
    1.25
    """

    kind = "squared_hinge"
    definition = staticmethod(POINTWISE[kind])


class KLDivergence(ByRows):
    """Σ y_true · log(y_true / y_pred) along the last axis, both kept above 1e-7.

    Examples
    --------
    >>> round(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 6)
    0.143841
    """

    kind = "kl_divergence"
    averaged = False
    definition = staticmethod(POINTWISE[kind])


class Poisson(ByRows):
    """Mean of y_pred - y_true · log(y_pred), for counts whose expectation is predicted.

    Examples
    --------
    >>> round(Poisson()([[1.0]], [[2.0]]), 6)
    1.306853
    """

    kind = "poisson"
    definition = staticmethod(POINTWISE[kind])
