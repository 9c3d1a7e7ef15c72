"""Base class for data read batch by batch, by index."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from fastconv._arguments import as_int
from fastconv.utils.configured import Configured


class PyDataset(Configured, ABC):
    """Batches by index, as in Keras: a subclass defines `__len__` and `__getitem__`.

    `fit`, `evaluate` and `predict` read the batches in order, in a background thread, and call
    `on_epoch_end` after the last one, which may reshuffle the samples. Any object with these
    methods will do; deriving from this class is not needed.

    Parameters
    ----------
    workers, use_multiprocessing, max_queue_size
        Accepted as in Keras; there is always one thread.

    Examples
    --------
    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...
    ...     def __getitem__(self, index):
    ...         x = np.arange(4 * index, 4 * index + 4).reshape(4, 1)
    ...         return x, x * x
    >>> x, y = Squares()[2]
    >>> y.ravel().tolist()
    [64, 81, 100, 121]
    """

    def __init__(
        self,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        where = type(self).__name__
        self.workers = as_int(workers, "workers", where=where)
        self.use_multiprocessing = bool(use_multiprocessing)
        self.max_queue_size = as_int(max_queue_size, "max_queue_size", where=where)

    @abstractmethod
    def __len__(self) -> int:
        """The number of batches."""

    @abstractmethod
    def __getitem__(self, index: int) -> Any:
        """A batch, (x, y) or (x, y, sample_weight)."""

    def on_epoch_end(self) -> None:
        """Called after each pass over the batches."""


Sequence = PyDataset
