"""The memory of a process that trains the table's network: ``_memory.py peak`` or ``growth``.

Prints one number, in MB. It needs a separate process, since memory used before would count.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from _shapes import CLASSES, IMAGE, batch

from fastconv.callbacks import Callback
from fastconv.models import zoo

STATUS = Path("/proc/self/status")


def megabytes(name: str) -> float:
    """Linux's figure for this process: "VmRSS", the resident set, or "VmHWM", its maximum."""
    kilobytes = re.search(rf"^{name}:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    assert kilobytes is not None
    return 1024 * int(kilobytes[1]) / 1e6


def peak(count: int, steps: int) -> float:
    """The peak in training at batches of 128: `count` images, and a fifth as many for testing."""
    train, test = batch(count), batch(count // 5)
    model = zoo.build("cifar10", IMAGE, CLASSES, seed=21)
    model.fit(*train, batch_size=128, epochs=1, verbose=0, steps_per_epoch=steps)
    model.evaluate(*test, batch_size=128, verbose=0)
    return megabytes("VmHWM")


def growth(count: int, epochs: int) -> float:
    """The growth from the end of the first epoch to that of the last, at batches of 16."""
    train, test = batch(count), batch(100)
    model = zoo.build("cifar10", IMAGE, CLASSES, seed=21)
    taken = []

    class Watch(Callback):
        def on_epoch_end(self, epoch, logs=None):
            taken.append(megabytes("VmRSS"))

    model.fit(
        *train, batch_size=16, epochs=epochs, verbose=0, validation_data=test, callbacks=[Watch()]
    )
    return taken[-1] - taken[0]


if __name__ == "__main__":
    what, *sizes = sys.argv[1:]
    print({"peak": peak, "growth": growth}[what](*map(int, sizes)))
