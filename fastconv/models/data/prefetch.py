"""Reading an iterator ahead in a background thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from fastconv.utils.locks import AfterFork

T = TypeVar("T")


class Prefetch(AfterFork, Generic[T]):
    """Reads `items` in a thread, at most `depth` of them ahead of the consumer.

    An error in the thread is raised where the consumer would have received the item. `close` stops
    the thread and waits for it, also when the consumer stops early.

    Examples
    --------
    >>> with Prefetch(iter("abc")) as letters:
    ...     print(next(letters), list(letters))
    a ['b', 'c']
    """

    def __init__(self, items: Iterator[T], depth: int = 2) -> None:
        super().__init__()
        self._items = items
        self._depth = depth
        self._ready: deque[T] = deque()
        self._changed = threading.Condition()
        self._stopped = self._finished = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="fastconv-prefetch", daemon=True)
        self._thread.start()

    def after_fork(self) -> None:
        """In the child there is no thread that reads."""
        if self._thread is not threading.current_thread():
            self._changed = threading.Condition()
            self._ready.clear()
            self._finished = True
            self._error = RuntimeError(
                "fit: the thread that reads the batches does not live on in a forked process; "
                "fork before the call, or read the batches anew in the child"
            )

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._finished)
            if self._ready:
                item = self._ready.popleft()
                self._changed.notify_all()
                return item
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        raise StopIteration

    def close(self) -> None:
        """Stop the thread and wait for it to end."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()
        self._ready.clear()

    def __enter__(self) -> Prefetch[T]:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _work(self) -> None:
        try:
            while not self._stopped:
                # Read the next item only when there is room for it: unread items stay in `items`.
                with self._changed:
                    self._changed.wait_for(lambda: len(self._ready) < self._depth or self._stopped)
                    if self._stopped:
                        return
                item = next(self._items)
                with self._changed:
                    self._ready.append(item)
                    self._changed.notify_all()
        except StopIteration:
            pass
        except BaseException as error:  # raised in the consumer, whatever it is
            self._error = error
        finally:
            with self._changed:
                self._finished = True
                self._changed.notify_all()
