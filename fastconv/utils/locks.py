"""A lock that many readers may hold at once, or one writer."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class SharedLock:
    """Readers share it; a writer has it alone, and may read and write again while it does.

    Waiting writers go before new readers, so that a stream of readers cannot keep them out; a
    thread that reads already may read again at any time.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._readers: Counter[int] = Counter()  # how often each thread reads
        self._writer: int | None = None
        self._depth = 0
        self._waiting = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Within it nobody writes."""
        me = threading.get_ident()
        with self._changed:
            if self._writer != me and not self._readers[me]:
                self._changed.wait_for(lambda: self._writer is None and not self._waiting)
            self._readers[me] += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers[me] -= 1
                if not self._readers[me]:
                    del self._readers[me]
                    self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Within it nobody else reads or writes.

        Raises
        ------
        RuntimeError
            If this thread itself reads, without writing: it would wait for itself.
        """
        me = threading.get_ident()
        with self._changed:
            if self._writer != me:
                if self._readers[me]:
                    raise RuntimeError(
                        "model: it cannot be changed while it computes; received a change from "
                        "within one of its own layers or losses"
                    )
                self._waiting += 1
                try:
                    self._changed.wait_for(lambda: self._writer is None and not self._readers)
                finally:
                    self._waiting -= 1
                    if self._writer is not None or self._readers:
                        self._changed.notify_all()  # given up: readers may go on
                self._writer = me
            self._depth += 1
        try:
            yield
        finally:
            with self._changed:
                self._depth -= 1
                if not self._depth:
                    self._writer = None
                    self._changed.notify_all()
