"""A small task for the table's programs."""

import numpy as np

from fastconv.bench.table.task import Images, Task

TASK = Task(epochs=3, batch_size=8, threads=1, seed=5)


def small_images(count=20, test=9):
    """uint8 images whose label is how light they are; the last batch is smaller."""
    random = np.random.default_rng(3)
    y = random.integers(0, 3, count + test)
    noise = random.integers(0, 40, (count + test, 8, 8, 3))
    x = (noise + 80 * y[:, None, None, None]).astype(np.uint8)
    return Images("light", x[:count], y[:count], x[count:], y[count:], 3)


def weights_of(path):
    """The arrays in a program's file."""
    from fastconv.models.files.tensors import read_tensors

    return read_tensors(path)[0]
