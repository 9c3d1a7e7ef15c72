"""Hold out a part of a labelled set, the same share of every class."""

from __future__ import annotations

import numpy as np


def stratified_split(
    labels: np.ndarray, fraction: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to keep and the rows to hold out, both ascending.

    Of a class with `n` rows, ``round(n * fraction)`` are held out, but at least one and at most
    ``n - 1`` where there are two or more; which ones depends on `seed` alone.

    Parameters
    ----------
    labels
        Integers, ``(n,)``.
    fraction
        Between 0 and 1.
    seed
        0 or more.

    Examples
    --------
    >>> keep, held_out = stratified_split(np.repeat([0, 1], 5), 0.2)
    >>> len(keep), len(held_out)
    (8, 2)
    """
    rng = np.random.default_rng(seed)
    held_out = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        count = min(max(round(len(rows) * fraction), 1), len(rows) - 1)
        held_out[rows[:count]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)
