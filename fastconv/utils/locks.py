"""A lock that many readers may hold at once, or one writer; and locks in a forked process."""

from __future__ import annotations

import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Condition, Lock, get_ident
from typing import Any


class AfterFork(ABC):
    """Something that its threads share, and that a forked process sets right for itself.

    Only the thread that forks lives on in the child. What other threads held there, nobody would
    ever release.
    """

    def __init__(self) -> None:
        _SHARED.add(self)

    @abstractmethod
    def after_fork(self) -> None:
        """Called in the child, by its only thread: give back what other threads held."""


_SHARED: weakref.WeakSet[AfterFork] = weakref.WeakSet()


def _after_fork() -> None:
    for shared in list(_SHARED):
        shared.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def is_free(lock: Any) -> bool:
    """Whether this thread could take the lock, or has it already."""
    if lock.acquire(blocking=False):
        lock.release()
        return True
    return False


class SharedLock(AfterFork):
    """Readers share it; a writer has it alone, and may read and write again while it does.

    Waiting writers go before new readers, so that a stream of readers cannot keep them out; a
    thread that reads already may read again at any time.

    Attributes
    ----------
    reading, writing : context managers
        Within `reading` nobody writes, within `writing` nobody else reads or writes. `writing`
        raises RuntimeError in a thread that reads, without writing: it would wait for itself. In a
        process that was forked while another thread wrote, both raise RuntimeError.
    """

    def __init__(self) -> None:
        super().__init__()
        self._torn = False
        self._mutex = Lock()  # held for moments only
        self._changed = Condition(self._mutex)
        self._readers: dict[int, int] = {}  # how often each thread reads
        self._writer: int | None = None
        self._depth = 0
        self._waiting = 0
        self.reading = _Held(self._begin_reading, self._end_reading)
        self.writing = _Held(self._begin_writing, self._end_writing)

    def after_fork(self) -> None:
        """Forget the other threads; what one of them was writing is neither old nor new."""
        me = get_ident()
        self._mutex = Lock()
        self._changed = Condition(self._mutex)
        self._readers = {me: self._readers[me]} if me in self._readers else {}
        self._waiting = 0
        if self._writer not in (None, me):
            self._writer, self._depth, self._torn = None, 0, True

    def _refuse_torn(self) -> None:
        if self._torn:
            raise RuntimeError(
                "model: this process was forked in the middle of a training step, or of another "
                "change of the model, by another thread; fork when no thread changes the model, or "
                "use multiprocessing's start method 'spawn'"
            )

    def _begin_reading(self) -> None:
        me = get_ident()
        self._refuse_torn()
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
        self._refuse_torn()
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
