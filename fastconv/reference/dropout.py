"""Dropout and the counter-based generator behind its mask."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastconv.reference._arrays import Array, float64


def dropout(x: ArrayLike, rate: float, seed: int, step: int = 0) -> Array:
    """x / (1 - rate) where `dropout_mask` keeps an element, 0 elsewhere.

    Its gradient is the same function of dy.
    """
    x = float64(x)
    return np.where(dropout_mask(x.shape, rate, seed, step), x / (1 - rate), 0)


def dropout_mask(
    shape: tuple[int, ...], rate: float, seed: int, step: int = 0
) -> NDArray[np.bool_]:
    """Elements that dropout keeps: a function of the seed, the step and the element's index alone.

    Element e, counted in C order, owns word e % 4 of the block that Philox makes from the counter
    (e // 4, step), both 64-bit, low word first, and the seed as key. It is kept if the word is at
    least rate * 2**32.
    """
    size = int(np.prod(shape))
    block = np.arange(-(-size // 4), dtype=np.uint64)
    counter = (block, block >> 32, np.uint64(step), np.uint64(step >> 32))
    words = np.stack(philox4x32(counter, (seed, seed >> 32)), axis=-1)
    return (words.ravel()[:size] >= np.uint64(rate * 2**32)).reshape(shape)


def philox4x32(counter: Any, key: Any, rounds: int = 10) -> tuple[NDArray[np.uint64], ...]:
    """Four 32-bit random words from a counter of four words and a key of two.

    Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).

    >>> " ".join(f"{int(word):08x}" for word in philox4x32((0, 0, 0, 0), (0, 0)))
    '6627e8d5 e169c58d bc57ac4c 9b00dbd8'
    """
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    c0, c1, c2, c3 = (np.asarray(word, np.uint64) & low for word in counter)
    k0, k1 = (np.uint64(int(word) & 0xFFFFFFFF) for word in key)
    for _ in range(rounds):
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (p1 >> half) ^ c1 ^ k0, p1 & low, (p0 >> half) ^ c3 ^ k1, p0 & low
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
    return tuple(np.broadcast_arrays(c0, c1, c2, c3))
