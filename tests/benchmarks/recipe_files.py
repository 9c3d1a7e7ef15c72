"""A small task for the recipes' runs."""

import numpy as np

from fastconv.bench.table.task import Images, Task

TASK = Task(epochs=10, batch_size=8, threads=1, seed=5, recipe="fast94")


def light_images(count=36, test=9, size=16):
    """uint8 images whose label is how light they are; the last batch is left out."""
    random = np.random.default_rng(3)
    y = random.integers(0, 3, count + test)
    noise = random.integers(0, 40, (count + test, size, size, 3))
    x = (noise + 80 * y[:, None, None, None]).astype(np.uint8)
    return Images("light", x[:count], y[:count], x[count:], y[count:], 3)
