"""Layer normalization of the rows of a matrix, and its gradients.

x, y, dy, dx (rows, n), mean, variance, inv (rows), gamma, beta, dgamma, dbeta (n): C-contiguous
float32. Errors: ValueError for another dtype, layout or size.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.stdlib cimport calloc, free

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.normalization._table_normalization cimport (
    fc_normalization, normalization_table,
)


def row_moments(const float[:, ::1] x, float[::1] mean, float[::1] variance):
    """Mean and (biased) variance of each row."""
    same_size("row_moments", "the rows of x and mean", x.shape[0], mean.shape[0])
    same_size("row_moments", "the rows of x and variance", x.shape[0], variance.shape[0])
    if x.shape[0] and x.shape[1]:
        with nogil:
            _moments(x.shape[0], x.shape[1], &x[0, 0], &mean[0], &variance[0])


cdef void _moments(
        ptrdiff_t rows, ptrdiff_t n, const float *x, float *mean, float *variance) noexcept nogil:
    cdef const fc_normalization *c = normalization_table()
    cdef ptrdiff_t i, r, block = blocks_of(BLOCK, n)
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(4.0 * rows * n)):
        state = flush_denormals()
        for i in prange(blocks_of(rows, block), schedule="static"):
            r = i * block
            c.row_moments(block_size(i, rows, block), n, x + r * n, mean + r, variance + r)
        restore_denormals(state)


def layer_norm_fwd(
        const float[:, ::1] x, const float[::1] mean, const float[::1] inv,
        const float[::1] gamma, const float[::1] beta, float[:, ::1] y):
    """y = (x - mean) * inv * gamma + beta; y may be x."""
    _same("layer_norm_fwd", x, mean, inv, gamma, beta)
    same_size("layer_norm_fwd", "the rows of x and y", x.shape[0], y.shape[0])
    same_size("layer_norm_fwd", "the columns of x and y", x.shape[1], y.shape[1])
    if x.shape[0] and x.shape[1]:
        with nogil:
            _fwd(
                x.shape[0], x.shape[1], &x[0, 0], &mean[0], &inv[0], &gamma[0], &beta[0], &y[0, 0])


cdef void _fwd(
        ptrdiff_t rows, ptrdiff_t n, const float *x, const float *mean, const float *inv,
        const float *gamma, const float *beta, float *y) noexcept nogil:
    cdef const fc_normalization *c = normalization_table()
    cdef ptrdiff_t i, r, block = blocks_of(BLOCK, n)
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(4.0 * rows * n)):
        state = flush_denormals()
        for i in prange(blocks_of(rows, block), schedule="static"):
            r = i * block
            c.layer_norm_fwd(
                block_size(i, rows, block), n, x + r * n, mean + r, inv + r, gamma, beta,
                y + r * n)
        restore_denormals(state)


def layer_norm_bwd(
        const float[:, ::1] dy, const float[:, ::1] x, const float[::1] mean,
        const float[::1] inv, const float[::1] gamma, float[:, ::1] dx,
        float[::1] dgamma, float[::1] dbeta):
    """With h = (x - mean) * inv and g = dy * gamma: dx = inv * (g - mean(g) - h * mean(g * h)).

    dgamma = sum(dy * h) and dbeta = sum(dy) over the rows: blocks of rows in float32, then the
    blocks' sums in float64, in order. dx may be dy or None. MemoryError if the blocks' sums cannot
    be allocated.
    """
    cdef int status
    cdef float *out = NULL
    _same("layer_norm_bwd", x, mean, inv, gamma, gamma)
    _same("layer_norm_bwd", dy, mean, inv, dgamma, dbeta)
    same_size("layer_norm_bwd", "the columns of dy and x", dy.shape[1], x.shape[1])
    if dx is not None:
        _same("layer_norm_bwd", dx, mean, inv, gamma, gamma)
    if not (x.shape[0] and x.shape[1]):
        dgamma[:] = 0
        dbeta[:] = 0
        return
    out = &dx[0, 0] if dx is not None else NULL
    with nogil:
        status = _bwd(
            x.shape[0], x.shape[1], &dy[0, 0], &x[0, 0], &mean[0], &inv[0], &gamma[0], out,
            &dgamma[0], &dbeta[0])
    if status:
        raise MemoryError("layer_norm_bwd: no memory for the partial sums")


cdef int _bwd(
        ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, const float *mean,
        const float *inv, const float *gamma, float *dx, float *dgamma,
        float *dbeta) noexcept nogil:
    cdef const fc_normalization *c = normalization_table()
    cdef ptrdiff_t block = max(blocks_of(rows, 64), blocks_of(32768, n))
    cdef ptrdiff_t blocks = blocks_of(rows, block)
    cdef ptrdiff_t i, j, r
    cdef unsigned state = 0
    cdef double gamma_sum, beta_sum
    cdef float *sums = <float *> calloc(blocks * 2 * n, sizeof(float))
    if sums == NULL:
        return -1
    with parallel(num_threads=threads_for(8.0 * rows * n)):
        state = flush_denormals()
        for i in prange(blocks, schedule="static"):
            r = i * block
            c.layer_norm_bwd(
                block_size(i, rows, block), n, dy + r * n, x + r * n, mean + r, inv + r, gamma,
                dx + r * n if dx != NULL else NULL, sums + i * 2 * n)
        restore_denormals(state)
    for j in range(n):
        gamma_sum = 0.0
        beta_sum = 0.0
        for i in range(blocks):
            gamma_sum += sums[i * 2 * n + j]
            beta_sum += sums[(i * 2 + 1) * n + j]
        dgamma[j] = <float> gamma_sum
        dbeta[j] = <float> beta_sum
    free(sums)
    return 0


cdef int _same(
        str where, const float[:, ::1] x, const float[::1] mean, const float[::1] inv,
        const float[::1] gamma, const float[::1] beta) except -1:
    same_size(where, "the rows of x and mean", x.shape[0], mean.shape[0])
    same_size(where, "the rows of x and inv", x.shape[0], inv.shape[0])
    same_size(where, "the columns of x and gamma", x.shape[1], gamma.shape[0])
    same_size(where, "the columns of x and beta", x.shape[1], beta.shape[0])
    return 0
