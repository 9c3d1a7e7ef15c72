"""Mean squared error, with the gradient."""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport ROW_BLOCKS, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport fc_kernels, flush_denormals, kernels, restore_denormals
from fastconv.kernels._threads cimport threads_for


def mean_squared_error(
        const float[:, ::1] y, const float[:, ::1] t, const float[::1] row_weights,
        float[:, ::1] dy=None):
    """Sum over the rows of weight * mean((y - t)**2).

    y, t (rows, n) and row_weights (rows,), C-contiguous float32. dy (rows, n), if not None, gets
    2 * weight * (y - t) / n; it may be y or t. Errors: ValueError for another dtype, layout or size.
    """
    cdef ptrdiff_t rows = y.shape[0], n = y.shape[1]
    cdef float *gradient = NULL
    cdef double loss = 0.0
    where = "mean_squared_error"
    same_size(where, "the rows of y and t", rows, t.shape[0])
    same_size(where, "the columns of y and t", n, t.shape[1])
    same_size(where, "the rows of y and row_weights", rows, row_weights.shape[0])
    if dy is not None:
        same_size(where, "the rows of y and dy", rows, dy.shape[0])
        same_size(where, "the columns of y and dy", n, dy.shape[1])
    if rows and n:
        gradient = &dy[0, 0] if dy is not None else NULL
        with nogil:
            loss = _mean_squared_error(rows, n, &y[0, 0], &t[0, 0], &row_weights[0], gradient)
    return loss


cdef double _mean_squared_error(
        ptrdiff_t rows, ptrdiff_t n, const float *y, const float *t, const float *weights,
        float *dy) noexcept nogil:
    cdef const fc_kernels *k = kernels()
    cdef double sums[ROW_BLOCKS]
    cdef double loss = 0.0
    cdef ptrdiff_t i, r, block = blocks_of(rows, ROW_BLOCKS)
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(4.0 * rows * n)):
        state = flush_denormals()
        for i in prange(blocks_of(rows, block), schedule="static"):
            r = i * block
            sums[i] = k.mean_squared_error(
                block_size(i, rows, block), n, y + r * n, t + r * n, weights + r,
                dy + r * n if dy != NULL else NULL)
        restore_denormals(state)
    for i in range(blocks_of(rows, block)):
        loss += sums[i]
    return loss
