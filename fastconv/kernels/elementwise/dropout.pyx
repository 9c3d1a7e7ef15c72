"""Dropout whose mask is computed from the seed, the step and an element's index, and never stored.

Element e, counted from 0, uses word e % 4 of the output of Philox-4x32-10 for the counter
(e // 4, step), both of 64 bits with the low word first, and the seed as key, of 64 bits, low word
first. It is kept if that word is at least floor(rate * 2**32), and then multiplied by
1 / (1 - rate); otherwise it becomes 0, even if it was NaN or infinite.

Arrays are flat, C-contiguous float32; the output may be the input. Errors: ValueError for another
dtype, layout or size, or a rate outside [0, 1).
"""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint32_t, uint64_t

from fastconv.kernels._blocks cimport BLOCK, over_blocks, same_size
from fastconv.kernels.elementwise._table_elementwise cimport (
    elementwise_table, fc_dropout, fc_elementwise,
)


cdef struct masked:
    const fc_elementwise *k
    fc_dropout d
    const float *x
    float *y


def dropout_fwd(const float[::1] x, float[::1] y, double rate, uint64_t seed, uint64_t step):
    """y = x / (1 - rate) where kept, else 0."""
    _dropout("dropout_fwd", "x and y", x, y, rate, seed, step)


def dropout_bwd(const float[::1] dy, float[::1] dx, double rate, uint64_t seed, uint64_t step):
    """dx = dy / (1 - rate) where dropout_fwd with this rate, seed and step keeps x, else 0."""
    _dropout("dropout_bwd", "dy and dx", dy, dx, rate, seed, step)


cdef int _dropout(
        str where, str names, const float[::1] x, float[::1] y,
        double rate, uint64_t seed, uint64_t step) except -1:
    cdef masked m
    same_size(where, names, x.shape[0], y.shape[0])
    if not 0 <= rate < 1:
        raise ValueError(f"{where}: rate must be in [0, 1); received {rate}")
    m.k = elementwise_table()
    m.d.seed, m.d.step = seed, step
    m.d.threshold = <uint32_t> (rate * 4294967296.0)
    m.d.scale = <float> (1.0 / (1.0 - rate))
    if x.shape[0]:
        m.x, m.y = &x[0], &y[0]
        with nogil:
            over_blocks(_dropout_block, &m, x.shape[0], BLOCK, 10.0 * x.shape[0])
    return 0


cdef void _dropout_block(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const masked *m = <const masked *> task
    m.k.dropout(n, at, m.x + at, m.y + at, &m.d)
