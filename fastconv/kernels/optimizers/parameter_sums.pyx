"""Reductions over parameters and gradients, and moving averages of them.

All arrays (n,), C-contiguous float32. Errors: ValueError for another dtype, layout or size.
"""

from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport (
    BLOCK, ROW_BLOCKS, block_body, blocks_of, over_blocks, same_size, summed_block,
)
from fastconv.kernels.optimizers._table_optimizers cimport fc_optimizers, optimizers_table


cdef struct measured:
    const fc_optimizers *k
    const float *x
    float *y  # or NULL
    float l1, l2, share
    ptrdiff_t block
    double parts[ROW_BLOCKS]


cdef double _total(block_body *body, measured *s, ptrdiff_t n, double units):
    """The sum of the partial sums that `body` computes for every block."""
    cdef double total = 0.0
    cdef ptrdiff_t i
    s.k, s.block = optimizers_table(), summed_block(n)
    with nogil:
        over_blocks(body, s, n, s.block, units * n)
    for i in range(blocks_of(n, s.block)):
        total += s.parts[i]
    return total


def sum_squares(const float[::1] x):
    """Sum of x^2."""
    cdef measured s
    if not x.shape[0]:
        return 0.0
    s.x = &x[0]
    return _total(_sum_squares, &s, x.shape[0], 2.0)


cdef void _sum_squares(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef measured *s = <measured *> task
    s.parts[at // s.block] = s.k.sum_squares(n, s.x + at)


def regularize(const float[::1] w, float l1, float l2, float[::1] g=None):
    """l1 * sum(abs(w)) + l2 * sum(w^2); its gradient l1 * sign(w) + 2 * l2 * w is added to g."""
    cdef measured s
    if g is not None:
        same_size("regularize", "w and g", w.shape[0], g.shape[0])
    if not w.shape[0]:
        return 0.0
    s.x, s.l1, s.l2 = &w[0], l1, l2
    s.y = &g[0] if g is not None else NULL
    return _total(_regularize, &s, w.shape[0], 6.0)


cdef void _regularize(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef measured *s = <measured *> task
    s.parts[at // s.block] = s.k.regularize(
        n, s.l1, s.l2, s.x + at, s.y + at if s.y != NULL else NULL)


def blend(const float[::1] x, float[::1] y, float share):
    """y += share * (x - y): updates a moving average y of x."""
    cdef measured s
    same_size("blend", "x and y", x.shape[0], y.shape[0])
    if x.shape[0]:
        s.k, s.x, s.y, s.share = optimizers_table(), &x[0], &y[0], share
        with nogil:
            over_blocks(_blend, &s, x.shape[0], BLOCK, 4.0 * x.shape[0])


cdef void _blend(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const measured *s = <const measured *> task
    s.k.blend(n, s.share, s.x + at, s.y + at)
