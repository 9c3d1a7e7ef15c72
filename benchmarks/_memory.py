"""The memory of a process that trains the table's network: ``_memory.py peak`` or ``growth``.

Prints one number, in MB. A process of its own: what was loaded before would count.
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
    """What the kernel says of this process: "VmRSS", or "VmHWM", its largest so far."""
    kilobytes = re.search(rf"^{name}:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    assert kilobytes is not None
    return 1024 * int(kilobytes[1]) / 1e6


def peak(count: int, steps: int) -> float:
    """The most that training at batches of 128 takes; `count` images and a fifth for testing."""
    train, test = batch(count), batch(count // 5)
    model = zoo.build("cifar10", IMAGE, CLASSES, seed=21)
    model.fit(*train, batch_size=128, epochs=1, verbose=0, steps_per_epoch=steps)
    model.evaluate(*test, batch_size=128, verbose=0)
    return megabytes("VmHWM")


def growth(count: int, epochs: int) -> float:
    """From the end of the first epoch to the end of the last, at batches of 16."""
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
