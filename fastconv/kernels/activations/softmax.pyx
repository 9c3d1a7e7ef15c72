"""Softmax over the rows of a matrix, and its gradient.

All arrays (rows, n), C-contiguous float32. Errors: ValueError for another dtype, layout or size.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.activations._table_activations cimport activations_table, fc_activations


def softmax_fwd(const float[:, ::1] x, float[:, ::1] y):
    """y = exp(x - max x) / sum(exp(x - max x)) for each row; y may be x.

    A row that contains NaN or +inf, or only -inf, becomes NaN.
    """
    same_size("softmax_fwd", "the rows of x and y", x.shape[0], y.shape[0])
    same_size("softmax_fwd", "the columns of x and y", x.shape[1], y.shape[1])
    if x.shape[0] and x.shape[1]:
        with nogil:
            _softmax_fwd(x.shape[0], x.shape[1], &x[0, 0], &y[0, 0])


cdef void _softmax_fwd(ptrdiff_t rows, ptrdiff_t n, const float *x, float *y) noexcept nogil:
    cdef const fc_activations *k = activations_table()
    cdef ptrdiff_t i, block = blocks_of(BLOCK, n)
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(10.0 * rows * n)):
        state = flush_denormals()
        for i in prange(blocks_of(rows, block), schedule="static"):
            k.softmax_fwd(block_size(i, rows, block), n, x + i * block * n, y + i * block * n)
        restore_denormals(state)


def softmax_bwd(const float[:, ::1] dy, const float[:, ::1] y, float[:, ::1] dx):
    """dx = y * (dy - sum(dy * y)) for each row, from y = softmax(x); dx may be dy or y."""
    same_size("softmax_bwd", "the rows of dy and y", dy.shape[0], y.shape[0])
    same_size("softmax_bwd", "the columns of dy and y", dy.shape[1], y.shape[1])
    same_size("softmax_bwd", "the rows of dy and dx", dy.shape[0], dx.shape[0])
    same_size("softmax_bwd", "the columns of dy and dx", dy.shape[1], dx.shape[1])
    if dy.shape[0] and dy.shape[1]:
        with nogil:
            _softmax_bwd(dy.shape[0], dy.shape[1], &dy[0, 0], &y[0, 0], &dx[0, 0])


cdef void _softmax_bwd(
        ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *y, float *dx) noexcept nogil:
    cdef const fc_activations *k = activations_table()
    cdef ptrdiff_t i, at, block = blocks_of(BLOCK, n)
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(5.0 * rows * n)):
        state = flush_denormals()
        for i in prange(blocks_of(rows, block), schedule="static"):
            at = i * block * n
            k.softmax_bwd(block_size(i, rows, block), n, dy + at, y + at, dx + at)
        restore_denormals(state)
