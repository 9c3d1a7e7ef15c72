"""The same bits on one thread and on several, at every instruction-set level."""

from collections.abc import Callable, Sequence

import numpy as np

from fastconv.kernels import _isa, _threads


def assert_same_bits(*computations: Callable[[], Sequence[np.ndarray]]) -> None:
    """All computations give the same arrays for teams of one, two and three threads."""
    before = _isa.active(), _threads.get_num_threads(), _threads.set_work_per_thread(1.0)
    try:
        for level in _isa.available():
            _isa.use(level)
            results = []
            for compute in computations:
                for team in (1, 2, 3):
                    _threads.set_num_threads(team)
                    results.append(compute())
            for other in results[1:]:
                for a, b in zip(results[0], other, strict=True):
                    assert a.tobytes() == b.tobytes()
    finally:
        _isa.use(before[0])
        _threads.set_num_threads(before[1])
        _threads.set_work_per_thread(before[2])
