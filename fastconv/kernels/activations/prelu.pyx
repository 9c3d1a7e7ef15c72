"""Parametric ReLU on a matrix: x (rows, n) with a slope for each column.

All arrays C-contiguous float32. Errors: ValueError for another dtype, layout or size.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.stdlib cimport calloc, free

from fastconv.kernels._blocks cimport BLOCK, ROW_BLOCKS, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.activations._table_activations cimport activations_table, fc_activations


def prelu_fwd(const float[:, ::1] x, const float[::1] a, float[:, ::1] y):
    """y = x, or a * x where x <= 0; y may be x."""
    same_size("prelu_fwd", "the rows of x and y", x.shape[0], y.shape[0])
    same_size("prelu_fwd", "the columns of x and y", x.shape[1], y.shape[1])
    same_size("prelu_fwd", "the columns of x and a", x.shape[1], a.shape[0])
    if x.shape[0] and x.shape[1]:
        with nogil:
            _fwd(x.shape[0], x.shape[1], &x[0, 0], &a[0], &y[0, 0])


cdef void _fwd(
        ptrdiff_t rows, ptrdiff_t n, const float *x, const float *a, float *y) noexcept nogil:
    cdef const fc_activations *k = activations_table()
    cdef ptrdiff_t i, block = blocks_of(BLOCK, n)
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(4.0 * rows * n)):
        state = flush_denormals()
        for i in prange(blocks_of(rows, block), schedule="static"):
            k.prelu_fwd(block_size(i, rows, block), n, x + i * block * n, a, y + i * block * n)
        restore_denormals(state)


def prelu_bwd(
        const float[:, ::1] dy, const float[:, ::1] x, const float[::1] a,
        float[:, ::1] dx, float[::1] da):
    """dx = dy, or a * dy where x <= 0; da = the column sums of dy * x where x <= 0.

    dx, which may be dy or x, may be None. Blocks of rows are summed in float32, then the blocks'
    sums in float64, in order. MemoryError if there is no room for the blocks' sums.
    """
    cdef float *out = NULL
    cdef int status = 0
    same_size("prelu_bwd", "the rows of dy and x", dy.shape[0], x.shape[0])
    same_size("prelu_bwd", "the columns of dy and x", dy.shape[1], x.shape[1])
    same_size("prelu_bwd", "the columns of x and a", x.shape[1], a.shape[0])
    same_size("prelu_bwd", "a and da", a.shape[0], da.shape[0])
    if dx is not None:
        same_size("prelu_bwd", "the rows of dy and dx", dy.shape[0], dx.shape[0])
        same_size("prelu_bwd", "the columns of dy and dx", dy.shape[1], dx.shape[1])
    if not x.shape[0]:
        da[:] = 0
    elif x.shape[1]:
        out = &dx[0, 0] if dx is not None else NULL
        with nogil:
            status = _bwd(x.shape[0], x.shape[1], &dy[0, 0], &x[0, 0], &a[0], out, &da[0])
        if status:
            raise MemoryError("prelu_bwd: no memory for the partial sums")


cdef int _bwd(
        ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, const float *a,
        float *dx, float *da) noexcept nogil:
    cdef const fc_activations *k = activations_table()
    cdef ptrdiff_t i, j, at, block = max(16, blocks_of(BLOCK, n), blocks_of(rows, ROW_BLOCKS))
    cdef ptrdiff_t blocks = blocks_of(rows, block)
    cdef unsigned state = 0
    cdef double total
    cdef float *sums = <float *> calloc(blocks * n, sizeof(float))
    if sums == NULL:
        return -1
    with parallel(num_threads=threads_for(4.0 * rows * n)):
        state = flush_denormals()
        for i in prange(blocks, schedule="static"):
            at = i * block * n
            k.prelu_bwd(
                block_size(i, rows, block), n, dy + at, x + at, a,
                dx + at if dx != NULL else NULL, sums + i * n)
        restore_denormals(state)
    for j in range(n):
        total = 0.0
        for i in range(blocks):
            total += sums[i * n + j]
        da[j] = <float> total
    free(sums)
    return 0
