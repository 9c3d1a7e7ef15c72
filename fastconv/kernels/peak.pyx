"""Peak throughput of this machine: multiply-adds in registers, and memory bandwidth."""

from time import perf_counter

from cython.parallel cimport prange
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport block_size, blocks_of
from fastconv.kernels._table_peak cimport fc_peak, peak_table
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.elementwise._table_elementwise cimport elementwise_table, fc_elementwise

cdef double ENOUGH = 1e18  # work for as many threads as are allowed


def fma_peak(int threads=1):
    """Largest rate of fused multiply-adds in registers at the active level, in GFLOP/s.

    The best of several runs, about 0.15 s in total. At the level "portable", separate
    multiplications and additions.

    Raises
    ------
    ValueError
        If `threads` is below 1 or above the current limit.
    """
    _check_threads("fma_peak", threads)
    cdef ptrdiff_t links = 20_000
    cdef double best = 0.0
    while links < 1 << 40 and _timed_chains(threads, links)[0] < 0.003:
        links *= 2  # too short compared to the cost of starting the threads
    for _ in range(30):  # a busy machine may disturb most of them
        seconds, flops = _timed_chains(threads, links)
        best = max(best, flops / seconds)
    return best / 1e9


cdef tuple _timed_chains(int threads, ptrdiff_t links):
    cdef double flops
    before = perf_counter()
    with nogil:
        flops = _run_chains(threads, links)
    return perf_counter() - before, flops


cdef double _run_chains(int threads, ptrdiff_t links) noexcept nogil:
    cdef const fc_peak *k = peak_table()
    cdef float factor_term[2]
    cdef float sums[1024]
    cdef double flops = 0.0
    cdef int i
    factor_term[0], factor_term[1] = 0.5, 1.0
    for i in prange(threads, num_threads=threads, schedule="static", chunksize=1):
        flops += k.fma_chains(links, factor_term, &sums[i])
    return flops


def memory_bandwidth(int threads=1, ptrdiff_t floats=1 << 24):
    """Memory bandwidth of z = x + y, in GB/s: two arrays read, one written.

    Each array has `floats` elements (64 MiB by default; all three together should be larger than
    the caches). The best of several runs, about half a second in total. Cache lines that the
    processor reads before writing to them are not counted.

    Raises
    ------
    ValueError
        If `threads` is below 1 or above the current limit, or `floats` is below 1.
    MemoryError
        If the arrays cannot be allocated.
    """
    import numpy as np

    _check_threads("memory_bandwidth", threads)
    if floats < 1:
        raise ValueError(f"memory_bandwidth: floats must be at least 1; received {floats}")
    cdef float[:, ::1] arrays = np.empty((3, floats), np.float32)
    cdef double best = 0.0
    with nogil:  # first touch: each page is allocated near the thread that will use it
        _sum_arrays(threads, floats, &arrays[0, 0], 1)
    for _ in range(8):
        before = perf_counter()
        with nogil:
            _sum_arrays(threads, floats, &arrays[0, 0], 0)
        best = max(best, 12.0 * floats / (perf_counter() - before))
    return best / 1e9


cdef void _sum_arrays(int threads, ptrdiff_t n, float *x, bint fill) noexcept nogil:
    cdef const fc_elementwise *k = elementwise_table()
    cdef ptrdiff_t i, j, at, block = 1 << 15
    for i in prange(blocks_of(n, block), num_threads=threads, schedule="static"):
        at = i * block
        if fill:
            for j in range(at, at + block_size(i, n, block)):
                x[j], x[n + j], x[2 * n + j] = 1.0, 2.0, 0.0
        else:
            k.add(block_size(i, n, block), x + at, x + n + at, x + 2 * n + at)


cdef int _check_threads(str where, int threads) except -1:
    cdef int limit = threads_for(ENOUGH)
    if not 1 <= threads <= limit:
        raise ValueError(
            f"{where}: threads must be from 1 to the limit in force, {limit}; received {threads}"
        )
    return 0
