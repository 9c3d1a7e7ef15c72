"""Iterables that count their passes, whose count is set so that a resumed run continues it."""

from __future__ import annotations

from typing import Any

from fastconv._arguments import is_whole


class EpochNumbers:
    """The passes of an iterable whose attribute `epoch`, the next pass, can be set.

    In a run that begins at epoch 0, the passes continue from the iterable's present one. A run that
    begins later resumes another one: there the pass is the epoch itself.
    """

    def __init__(self, items: Any) -> None:
        self.items = items
        self.first = int(items.epoch)
        self._offset: int | None = None

    def of_epoch(self, epoch: int) -> int:
        """The pass of `epoch`, if every epoch is one pass."""
        if self._offset is None:
            self._offset = self.first if epoch == 0 else 0
        return self._offset + epoch

    def of_steps(self, epoch: int, steps: int) -> tuple[int | None, int]:
        """The pass in which an epoch of `steps` batches begins, and the batches to skip in it.

        (None, 0) if the length of a pass is unknown.
        """
        length = len(self.items) if hasattr(self.items, "__len__") else 0
        if not length:
            return None, 0
        passes, skip = divmod(epoch * steps, length)
        return self.of_epoch(epoch) - epoch + passes, skip


def epoch_numbers_of(items: Any) -> EpochNumbers | None:
    """The `EpochNumbers` of an iterable; None if it has no integer attribute `epoch` to set."""
    if not is_whole(getattr(items, "epoch", None)):
        return None
    try:
        items.epoch = items.epoch
    except AttributeError:
        return None
    return EpochNumbers(items)
