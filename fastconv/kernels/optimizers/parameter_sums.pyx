"""What is measured of parameters and gradients, and running averages of them.

All arrays (n,), C-contiguous float32. Errors: ValueError for another dtype, layout or size.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.optimizers._table_optimizers cimport fc_optimizers, optimizers_table

cdef enum:
    PARTS = 64  # of an array that is summed, at most; each has a sum of its own


def sum_squares(const float[::1] x):
    """Sum of x^2."""
    cdef double total = 0.0
    if x.shape[0]:
        with nogil:
            total = _sum_squares(x.shape[0], &x[0])
    return total


cdef double _sum_squares(ptrdiff_t n, const float *x) noexcept nogil:
    cdef const fc_optimizers *k = optimizers_table()
    cdef double parts[PARTS]
    cdef double total = 0.0
    cdef ptrdiff_t i, block = blocks_of(blocks_of(n, PARTS), BLOCK) * BLOCK
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(2.0 * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, block), schedule="static"):
            parts[i] = k.sum_squares(block_size(i, n, block), x + i * block)
        restore_denormals(state)
    for i in range(blocks_of(n, block)):
        total += parts[i]
    return total


def blend(const float[::1] x, float[::1] y, float share):
    """y += share * (x - y): a running average y takes x in."""
    same_size("blend", "x and y", x.shape[0], y.shape[0])
    if x.shape[0]:
        with nogil:
            _blend(x.shape[0], share, &x[0], &y[0])


cdef void _blend(ptrdiff_t n, float share, const float *x, float *y) noexcept nogil:
    cdef const fc_optimizers *k = optimizers_table()
    cdef ptrdiff_t i
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(4.0 * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            k.blend(block_size(i, n, BLOCK), share, x + i * BLOCK, y + i * BLOCK)
        restore_denormals(state)


def regularize(const float[::1] w, float l1, float l2, float[::1] g=None):
    """l1 * sum(abs(w)) + l2 * sum(w^2); its gradient l1 * sign(w) + 2 * l2 * w is added to g."""
    cdef double total = 0.0
    cdef float *gradient = NULL
    if g is not None:
        same_size("regularize", "w and g", w.shape[0], g.shape[0])
    if w.shape[0]:
        gradient = &g[0] if g is not None else NULL
        with nogil:
            total = _regularize(w.shape[0], l1, l2, &w[0], gradient)
    return total


cdef double _regularize(
        ptrdiff_t n, float l1, float l2, const float *w, float *g) noexcept nogil:
    cdef const fc_optimizers *k = optimizers_table()
    cdef double parts[PARTS]
    cdef double total = 0.0
    cdef ptrdiff_t i, block = blocks_of(blocks_of(n, PARTS), BLOCK) * BLOCK
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(6.0 * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, block), schedule="static"):
            parts[i] = k.regularize(
                block_size(i, n, block), l1, l2, w + i * block,
                g + i * block if g != NULL else NULL)
        restore_denormals(state)
    for i in range(blocks_of(n, block)):
        total += parts[i]
    return total
