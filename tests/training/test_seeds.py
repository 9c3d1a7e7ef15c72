"""Seeds: the same number gives the same values, different places give different ones."""

import numpy as np
import pytest

from fastconv.initializers import GlorotUniform, RandomNormal
from fastconv.utils import set_random_seed
from fastconv.utils.random import derive_seed, next_seed


def test_derived_seeds_differ_along_every_path():
    paths = [(), (0,), (1,), (0, 0), (0, 1), (1, 0), (0, 0, 0)]
    seeds = {derive_seed(seed, *path) for seed in (0, 1, 21) for path in paths}
    assert len(seeds) == 3 * len(paths)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_global_seed_restarts_the_sequence():
    set_random_seed(7)
    first = [next_seed() for _ in range(3)]
    set_random_seed(7)
    assert [next_seed() for _ in range(3)] == first
    assert len(set(first)) == 3


def test_global_seed_reaches_numpy_and_python():
    import random

    set_random_seed(3)
    drawn = random.random(), np.random.rand()  # noqa: NPY002
    set_random_seed(3)
    assert (random.random(), np.random.rand()) == drawn  # noqa: NPY002


def test_an_initializers_own_seed_wins():
    own = RandomNormal(seed=5)
    np.testing.assert_array_equal(own((4, 4), seed=1), own((4, 4), seed=2))
    free = RandomNormal()
    assert not np.array_equal(free((4, 4), seed=1), free((4, 4), seed=2))


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (2**63, ValueError), (1.5, TypeError), ("1", TypeError)]
)
def test_bad_seeds(seed, error):
    with pytest.raises(error, match=r"GlorotUniform: seed must be .*; received"):
        GlorotUniform(seed=seed)


def test_global_seed_must_fit_numpy():
    with pytest.raises(ValueError, match=r"below 2\*\*32; received 4294967296"):
        set_random_seed(2**32)
    with pytest.raises(TypeError, match="received None"):
        set_random_seed(None)
