"""Parametric ReLU on a matrix: x (rows, n) with a slope for each column.

All arrays C-contiguous float32. Errors: ValueError for another dtype, layout or size.
"""

from libc.stddef cimport ptrdiff_t
from libc.stdlib cimport calloc, free

from fastconv.kernels._blocks cimport BLOCK, ROW_BLOCKS, blocks_of, over_blocks, same_size
from fastconv.kernels.activations._table_activations cimport activations_table, fc_activations

# Work units (see _threads) per element of a pass over memory
cdef double UNITS = 4.0


cdef struct slopes:
    const fc_activations *k
    ptrdiff_t n, block
    const float *dy
    const float *x
    const float *a
    float *out  # or NULL
    float *sums  # (blocks, n)


def prelu_fwd(const float[:, ::1] x, const float[::1] a, float[:, ::1] y):
    """y = x, or a * x where x <= 0; y may be x."""
    cdef slopes s
    cdef ptrdiff_t rows = x.shape[0], n = x.shape[1]
    same_size("prelu_fwd", "the rows of x and y", x.shape[0], y.shape[0])
    same_size("prelu_fwd", "the columns of x and y", x.shape[1], y.shape[1])
    same_size("prelu_fwd", "the columns of x and a", x.shape[1], a.shape[0])
    if rows and n:
        s.k, s.n, s.x, s.a, s.out = activations_table(), n, &x[0, 0], &a[0], &y[0, 0]
        with nogil:
            over_blocks(_fwd, &s, rows, blocks_of(BLOCK, n), UNITS * rows * n)


cdef void _fwd(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const slopes *s = <const slopes *> task
    s.k.prelu_fwd(n, s.n, s.x + at * s.n, s.a, s.out + at * s.n)


def prelu_bwd(
        const float[:, ::1] dy, const float[:, ::1] x, const float[::1] a,
        float[:, ::1] dx, float[::1] da):
    """dx = dy, or a * dy where x <= 0; da = the column sums of dy * x where x <= 0.

    dx may be dy, x or None. Blocks of rows are summed in float32, then the blocks' sums in float64,
    in order. MemoryError if the blocks' sums cannot be allocated.
    """
    cdef slopes s
    cdef ptrdiff_t rows = x.shape[0], n = x.shape[1], i, j
    cdef double total
    same_size("prelu_bwd", "the rows of dy and x", dy.shape[0], x.shape[0])
    same_size("prelu_bwd", "the columns of dy and x", dy.shape[1], x.shape[1])
    same_size("prelu_bwd", "the columns of x and a", x.shape[1], a.shape[0])
    same_size("prelu_bwd", "a and da", a.shape[0], da.shape[0])
    if dx is not None:
        same_size("prelu_bwd", "the rows of dy and dx", dy.shape[0], dx.shape[0])
        same_size("prelu_bwd", "the columns of dy and dx", dy.shape[1], dx.shape[1])
    if not rows:
        da[:] = 0
    elif n:
        s.k, s.n, s.dy, s.x, s.a = activations_table(), n, &dy[0, 0], &x[0, 0], &a[0]
        s.out = &dx[0, 0] if dx is not None else NULL
        s.block = max(16, blocks_of(BLOCK, n), blocks_of(rows, ROW_BLOCKS))
        s.sums = <float *> calloc(blocks_of(rows, s.block) * n, sizeof(float))
        if s.sums == NULL:
            raise MemoryError("prelu_bwd: no memory for the partial sums")
        with nogil:
            over_blocks(_bwd, &s, rows, s.block, UNITS * rows * n)
            for j in range(n):
                total = 0.0
                for i in range(blocks_of(rows, s.block)):
                    total += s.sums[i * n + j]
                da[j] = <float> total
        free(s.sums)


cdef void _bwd(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const slopes *s = <const slopes *> task
    s.k.prelu_bwd(
        n, s.n, s.dy + at * s.n, s.x + at * s.n, s.a,
        s.out + at * s.n if s.out != NULL else NULL, s.sums + at // s.block * s.n)
