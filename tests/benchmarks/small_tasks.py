"""Small tasks for the runs of the training-time table."""

import numpy as np
import pytest

from fastconv.bench.training_times.training_run import Images, Task

TABLE_TASK = Task(epochs=3, batch_size=8, threads=1, seed=5)
RECIPE_TASK = Task(epochs=10, batch_size=8, threads=1, seed=5, recipe="fast94")


def programs(*peers):
    """Parameters of a test: ours, and the peers by name."""
    return ["fastconv", *(pytest.param(name, marks=pytest.mark.peers) for name in peers)]


def light_images(count, test=9, size=8):
    """uint8 images whose label is how light they are."""
    random = np.random.default_rng(3)
    y = random.integers(0, 3, count + test)
    noise = random.integers(0, 40, (count + test, size, size, 3))
    x = (noise + 80 * y[:, None, None, None]).astype(np.uint8)
    return Images("light", x[:count], y[:count], x[count:], y[count:], 3)


def weights_of(path):
    """The arrays in a program's file."""
    from fastconv.models.files.tensors import read_tensors

    return read_tensors(path)[0]
