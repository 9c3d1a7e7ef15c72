"""Iterables that count their passes, so that an epoch can be told which pass is its own."""

from __future__ import annotations

from typing import Any

from fastconv._arguments import is_whole


class EpochNumbers:
    """Tells an iterable with an attribute `epoch`, the number of its next pass, which one to make.

    A training that begins at epoch 0 goes on from where the iterable stands; one that begins later
    goes on where another run stopped, and so does the iterable.
    """

    def __init__(self, items: Any) -> None:
        self.items = items
        self.first = int(items.epoch)
        self._offset: int | None = None

    def of_epoch(self, epoch: int) -> int:
        """The number of the first pass of `epoch`, if every epoch is a pass."""
        if self._offset is None:
            self._offset = self.first if epoch == 0 else 0
        return self._offset + epoch

    def of_steps(self, epoch: int, steps: int) -> tuple[int | None, int]:
        """The pass in which an epoch of `steps` batches begins, and how many lie before it there.

        (None, 0) if nobody knows how long a pass is.
        """
        length = len(self.items) if hasattr(self.items, "__len__") else 0
        if not length:
            return None, 0
        passes, skip = divmod(epoch * steps, length)
        return self.of_epoch(epoch) - epoch + passes, skip


def epoch_numbers_of(items: Any) -> EpochNumbers | None:
    """None for what does not count its passes, or does not let itself be told."""
    if not is_whole(getattr(items, "epoch", None)):
        return None
    try:
        items.epoch = items.epoch
    except AttributeError:
        return None
    return EpochNumbers(items)
