"""Seeds: one from the user, from which those of every layer, epoch and initializer are derived.

A seed is derived from its parent and a path of small integers (a layer's index, a weight's) by
NumPy's SeedSequence, so that streams are independent and the order of calls does not matter.
"""

from __future__ import annotations

import itertools
import operator
import random
from typing import Any

import numpy as np

from fastconv._arguments import is_whole


class _Global:
    """The process's seed, and a counter of the seeds drawn from it."""

    seed: int | None = None
    draws = itertools.count()


def set_random_seed(seed: int) -> None:
    """Make everything that draws a seed from here on reproducible.

    Models, layers and initializers without a `seed` draw theirs from this one, in the order in
    which they need it. Python's `random` and `numpy.random` are seeded as well.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.

    Raises
    ------
    TypeError, ValueError
        If `seed` is not such a number.

    Examples
    --------
    >>> from fastconv.initializers import GlorotUniform
    >>> set_random_seed(21)
    >>> first = GlorotUniform()((3, 3))
    >>> set_random_seed(21)
    >>> bool((first == GlorotUniform()((3, 3))).all())
    True
    """
    number = check_seed(seed, where="set_random_seed")
    if number is None:
        raise TypeError("set_random_seed: seed must be a whole number; received None")
    if number >= 2**32:
        raise ValueError(f"set_random_seed: seed must be below 2**32; received {seed!r}")
    _Global.seed = number
    _Global.draws = itertools.count()
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002 - on purpose: the user's own calls become reproducible


def next_seed() -> int:
    """A seed for something made without one: from the global seed if set, else from the OS."""
    if _Global.seed is None:
        return fresh_seed()
    return derive_seed(_Global.seed, next(_Global.draws))


def fresh_seed() -> int:
    """A seed from the operating system's entropy."""
    return derive_seed(np.random.SeedSequence().entropy)


def derive_seed(seed: Any, *path: int) -> int:
    """The seed, 0 to 2**63 - 1, at `path` below `seed`.

    Examples
    --------
    >>> derive_seed(21, 0) == derive_seed(21, 0), derive_seed(21, 0) == derive_seed(21, 1)
    (True, False)
    """
    state = np.random.SeedSequence([seed, len(path), *path]).generate_state(1, np.uint64)
    return int(state[0]) >> 1


def generator(seed: int, *path: int) -> np.random.Generator:
    """A NumPy generator, seeded for `path` below `seed`."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, len(path), *path])))


def check_seed(seed: Any, *, where: str) -> int | None:
    """Return `seed` as an integer of at least 0, or None; else raise TypeError / ValueError."""
    if seed is None:
        return None
    if not is_whole(seed):
        raise TypeError(f"{where}: seed must be a whole number or None; received {seed!r}")
    number = operator.index(seed)
    if not 0 <= number < 2**63:
        raise ValueError(f"{where}: seed must be at least 0 and below 2**63; received {seed!r}")
    return number
