"""A lock that many readers may hold at once, or one writer."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Lock, get_ident


class SharedLock:
    """Readers share it; a writer has it alone, and may read and write again while it does.

    Waiting writers go before new readers, so that a stream of readers cannot keep them out; a
    thread that reads already may read again at any time.

    Attributes
    ----------
    reading, writing : context managers
        Within `reading` nobody writes, within `writing` nobody else reads or writes. `writing`
        raises RuntimeError in a thread that reads, without writing: it would wait for itself.
    """

    def __init__(self) -> None:
        self._mutex = Lock()  # held for moments only
        self._changed = Condition(self._mutex)
        self._readers: dict[int, int] = {}  # how often each thread reads
        self._writer: int | None = None
        self._depth = 0
        self._waiting = 0
        self.reading = _Held(self._begin_reading, self._end_reading)
        self.writing = _Held(self._begin_writing, self._end_writing)

    def _begin_reading(self) -> None:
        me = get_ident()
        with self._mutex:
            if self._writer != me and me not in self._readers:
                while self._writer is not None or self._waiting:
                    self._changed.wait()
            self._readers[me] = self._readers.get(me, 0) + 1

    def _end_reading(self) -> None:
        me = get_ident()
        with self._mutex:
            self._readers[me] -= 1
            if not self._readers[me]:
                del self._readers[me]
                if self._waiting:
                    self._changed.notify_all()

    def _begin_writing(self) -> None:
        me = get_ident()
        with self._mutex:
            if self._writer != me:
                if me in self._readers:
                    raise RuntimeError(
                        "model: it cannot be changed while it computes; received a change from "
                        "within one of its own layers or losses"
                    )
                self._waiting += 1
                try:
                    while self._writer is not None or self._readers:
                        self._changed.wait()
                    self._writer = me
                finally:
                    self._waiting -= 1
                    if self._writer != me:
                        self._changed.notify_all()  # given up: readers may go on
            self._depth += 1

    def _end_writing(self) -> None:
        with self._mutex:
            self._depth -= 1
            if not self._depth:
                self._writer = None
                self._changed.notify_all()


class _Held:
    """One side of a lock, as a context manager."""

    __slots__ = ("_begin", "_end")

    def __init__(self, begin: Callable[[], None], end: Callable[[], None]) -> None:
        self._begin, self._end = begin, end

    def __enter__(self) -> None:
        self._begin()

    def __exit__(self, *error: object) -> None:
        self._end()
