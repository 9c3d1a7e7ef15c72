"""The batch source for generators and other iterables of batches, read ahead in a thread."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

from fastconv.models.data.epoch_numbers import epoch_numbers_of
from fastconv.models.data.prefetch import Prefetch
from fastconv.models.data.samples import Samples
from fastconv.models.tensor_spec import kind_of

Prepare = Callable[[Any], Samples]


def comes_in_batches(x: Any, y: Any) -> bool:
    """Whether `x` is an iterable of batches, rather than an array or a structure of arrays.

    For example a generator, a data loader, a Keras Sequence (`__len__` and `__getitem__`), or a
    list of tuples (x, y).
    """
    if isinstance(x, list) and y is None:
        return bool(x) and all(isinstance(item, tuple) and len(item) in (2, 3) for item in x)
    if x is None or hasattr(x, "__array__") or isinstance(x, (list, tuple, str, bytes, Mapping)):
        return False
    return hasattr(x, "__iter__") or _is_indexed(x)


class Stream:
    """Epochs of batches from an iterable.

    Without `steps`, or with `anew`, every epoch starts a new pass over the iterable; otherwise an
    epoch takes the next `steps` batches, and a new pass starts when one is exhausted. An iterator
    allows only one pass, which the epochs share. An iterable that counts its passes
    (`EpochNumbers`) has the count set before each pass.

    Attributes
    ----------
    steps : int or None
        Batches in an epoch; None if unknown.
    samples : None
    batch_size : int
        The largest batch so far.
    """

    samples = None

    def __init__(
        self, items: Any, prepare: Prepare, steps: int | None, *, anew: bool, where: str
    ) -> None:
        self._items = items
        self._prepare = prepare
        self._anew = anew
        self._where = where
        self._once = hasattr(items, "__next__")
        self._limited = steps is not None
        if steps is None and hasattr(items, "__len__"):
            steps = len(items)
        self.steps = steps
        self.batch_size = 0
        self._numbers = None if self._once else epoch_numbers_of(items)
        self._peeked_pass = None if self._numbers is None else self._numbers.first
        self._shared_batches = 0  # the batches of all epochs together, if these share passes
        self._running: Prefetch[Samples] | None = None
        self._peeked: list[Samples] = []
        self._first: Iterator[Any] | None = None

    def peek(self) -> Samples:
        """Read and check the first batch, which is still the first one of the first epoch."""
        self._first = self._walk()
        try:
            item = next(self._first)
        except StopIteration:
            raise ValueError(
                f"{self._where}: the iterable must give at least one batch; received none"
            ) from None
        batch = self._prepare(item)
        self._peeked = [batch]
        self.batch_size = len(batch)
        return batch

    def begin(self, epochs: int) -> None:
        """Prepare for this number of epochs; if they share passes, start reading ahead."""
        if self._once and not self._limited and epochs > 1:
            raise ValueError(
                f"{self._where}: an iterator can be walked only once: for several epochs give "
                "steps_per_epoch, or something that can be walked again; received "
                f"{kind_of(self._items)} and {epochs} epochs"
            )
        if self._limited and self.steps is not None and (self._once or not self._anew):
            self._shared_batches = self.steps * epochs
            if self._numbers is None:
                self._start(None, 0)

    def epoch(
        self, epoch: int | None = None, iterations: int = 0, seed: int | None = None
    ) -> Generator[Samples, None, None]:
        """The batches of an epoch; `epoch` sets the pass of an iterable that counts its passes."""
        pass_number: int | None = None
        skip = 0
        if self._numbers is not None and epoch is not None:
            if not self._shared_batches:
                pass_number = self._numbers.of_epoch(epoch)
            elif self._running is None:
                assert self.steps is not None
                pass_number, skip = self._numbers.of_steps(epoch, self.steps)
        if self._shared_batches:
            if self._running is None:
                self._start(pass_number, skip)
            assert self._running is not None
            yield from self._counted(itertools.islice(self._running, self.steps))
            return
        limit = self.steps if self._limited else None
        with Prefetch(itertools.islice(self._batches(pass_number, again=False), limit)) as batches:
            yield from self._counted(batches)

    def close(self) -> None:
        """Stop the thread."""
        if self._running is not None:
            self._running.close()
            self._running = None

    def _start(self, pass_number: int | None, skip: int) -> None:
        """Start reading ahead, across the ends of epochs."""
        batches = self._batches(pass_number, skip, again=True)
        self._running = Prefetch(itertools.islice(batches, self._shared_batches))

    def _counted(self, batches: Iterator[Samples]) -> Iterator[Samples]:
        done = 0
        for batch in batches:
            self.batch_size = max(self.batch_size, len(batch))
            yield batch
            done += 1
        if self._limited and self.steps is not None and done < self.steps:
            warnings.warn(
                f"{self._where}: the batches ended after {done} of {self.steps} steps",
                RuntimeWarning,
                stacklevel=2,
            )

    def _batches(
        self, pass_number: int | None = None, skip: int = 0, *, again: bool
    ) -> Iterator[Samples]:
        """The checked batches of one pass or, with `again`, of endless passes; runs in the thread.

        With `pass_number`, from that pass on, without its first `skip` batches.
        """
        peeked, self._peeked = self._peeked, []
        items, self._first = self._first, None
        if pass_number is not None and (skip or pass_number != self._peeked_pass):
            peeked, items = [], None  # those are from another pass
        yield from peeked
        while True:
            empty = not peeked
            if items is None and pass_number is not None:
                self._items.epoch = pass_number
            for index, item in enumerate(self._walk() if items is None else items):
                empty = False
                if index >= skip:
                    yield self._prepare(item)
            items, peeked, skip = None, [], 0
            pass_number = None if pass_number is None else pass_number + 1
            if hasattr(self._items, "on_epoch_end"):  # a Keras Sequence shuffles there
                self._items.on_epoch_end()
            if not again or self._once or empty:
                return

    def _walk(self) -> Iterator[Any]:
        items = self._items
        if _is_indexed(items):
            return (items[i] for i in range(len(items)))
        return iter(items)


def _is_indexed(items: Any) -> bool:
    return (
        hasattr(items, "__getitem__") and hasattr(items, "__len__") and not isinstance(items, list)
    ) and (not hasattr(items, "__iter__") or hasattr(items, "on_epoch_end"))


def unpack(item: Any, *, where: str) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) from a batch (x, y) or (x, y, sample_weight)."""
    if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
        amount = f" of {len(item)}" if isinstance(item, (tuple, list)) else ""
        raise ValueError(
            f"{where}: a batch must be (x, y) or (x, y, sample_weight); received "
            f"{kind_of(item)}{amount}"
        )
    x, y, *weight = item
    return x, y, weight[0] if weight else None
