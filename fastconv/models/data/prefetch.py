"""An iterator that is walked ahead by a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetch(Generic[T]):
    """Walks `items` in a thread, at most `depth` of them ahead of the reader.

    An error in the thread comes out where the reader would have got the item. `close` ends the
    thread and waits for it, also when the reader leaves early.

    Examples
    --------
    >>> with Prefetch(iter("abc")) as letters:
    ...     print(next(letters), list(letters))
    a ['b', 'c']
    """

    def __init__(self, items: Iterator[T], depth: int = 2) -> None:
        self._items = items
        self._depth = depth
        self._ready: deque[T] = deque()
        self._changed = threading.Condition()
        self._stopped = self._finished = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="fastconv-prefetch", daemon=True)
        self._thread.start()

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
        """End the thread and wait until it is gone."""
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
                # The next item is asked for only when there is room for it: what is not read
                # later stays where it came from.
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
        except BaseException as error:  # handed to the reader, whatever it is
            self._error = error
        finally:
            with self._changed:
                self._finished = True
                self._changed.notify_all()
