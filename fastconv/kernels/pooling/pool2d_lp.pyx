"""Lp pooling: y = (sum over each window of |x|^p)^(1/p), with p of at least 1.

The forward pass for p = 2 is one kernel. For any other p, and for every gradient, the powers and shares
below are summed over the windows by avg_pool2d_fwd and avg_pool2d_bwd with divisor 2. Arrays and
errors as in pool2d_fwd; the flat ones C-contiguous, in place where it is said.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.pooling._pool2d cimport channels_per_item, pool_geometry
from fastconv.kernels.pooling._table_pooling cimport fc_pool, fc_pooling, pooling_table

# Work units (see _threads) per element
cdef double UNITS = 8.0


def l2_pool2d_fwd(
        const float[:, :, :, ::1] x, float[:, :, :, ::1] y,
        ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt, ptrdiff_t pl):
    """y = the square root of the sum of the squares of each window."""
    cdef fc_pool p
    pool_geometry(&p, "l2_pool2d_fwd", x.shape, y.shape, kh, kw, sh, sw, pt, pl)
    if x.shape[0]:
        with nogil:
            _l2_pool2d_fwd(&p, x.shape[0], &x[0, 0, 0, 0], &y[0, 0, 0, 0])


cdef void _l2_pool2d_fwd(
        const fc_pool *p, ptrdiff_t mb, const float *x, float *y) noexcept nogil:
    cdef const fc_pooling *k = pooling_table()
    cdef ptrdiff_t nc = channels_per_item(mb * p.oh, p.ic)
    cdef ptrdiff_t parts = blocks_of(p.ic, nc), image = p.ih * p.iw * p.ic
    cdef ptrdiff_t i, c, row
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(2.0 * mb * p.oh * p.ow * p.ic * (2.0 + p.kh * p.kw))):
        state = flush_denormals()
        for i in prange(mb * p.oh * parts, schedule="static"):
            c = i % parts * nc
            row = i // parts
            k.l2_fwd_row(
                p, row % p.oh, min(nc, p.ic - c), x + row // p.oh * image + c,
                y + row * p.ow * p.ic + c)
        restore_denormals(state)


def lp_power(const float[::1] x, float p, float[::1] y):
    """y = |x|^p; y may be x."""
    same_size("lp_power", "x and y", x.shape[0], y.shape[0])
    if x.shape[0]:
        with nogil:
            _lp_power(x.shape[0], &x[0], p, &y[0], False)


def lp_root(const float[::1] x, float p, float[::1] y):
    """y = x^(1/p) of numbers that are not negative; y may be x."""
    same_size("lp_root", "x and y", x.shape[0], y.shape[0])
    if x.shape[0]:
        with nogil:
            _lp_power(x.shape[0], &x[0], p, &y[0], True)


cdef void _lp_power(
        ptrdiff_t n, const float *x, float p, float *y, bint root) noexcept nogil:
    cdef const fc_pooling *k = pooling_table()
    cdef ptrdiff_t i
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(UNITS * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            if root:
                k.root(block_size(i, n, BLOCK), x + i * BLOCK, p, y + i * BLOCK)
            else:
                k.power(block_size(i, n, BLOCK), x + i * BLOCK, p, y + i * BLOCK)
        restore_denormals(state)


def lp_share(const float[::1] dy, const float[::1] y, float p, float[::1] share):
    """share = dy * y^(1 - p), 0 where y is 0; share may be dy."""
    same_size("lp_share", "dy and y", dy.shape[0], y.shape[0])
    same_size("lp_share", "dy and share", dy.shape[0], share.shape[0])
    if dy.shape[0]:
        with nogil:
            _lp_share(dy.shape[0], &dy[0], &y[0], p, &share[0])


cdef void _lp_share(
        ptrdiff_t n, const float *dy, const float *y, float p, float *share) noexcept nogil:
    cdef const fc_pooling *k = pooling_table()
    cdef ptrdiff_t i, at
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(UNITS * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            at = i * BLOCK
            k.lp_share(block_size(i, n, BLOCK), dy + at, y + at, p, share + at)
        restore_denormals(state)


def lp_through(const float[::1] x, float p, float[::1] dx):
    """dx *= sign(x) * |x|^(p - 1)."""
    same_size("lp_through", "x and dx", x.shape[0], dx.shape[0])
    if x.shape[0]:
        with nogil:
            _lp_through(x.shape[0], &x[0], p, &dx[0])


cdef void _lp_through(ptrdiff_t n, const float *x, float p, float *dx) noexcept nogil:
    cdef const fc_pooling *k = pooling_table()
    cdef ptrdiff_t i
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(UNITS * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            k.lp_through(block_size(i, n, BLOCK), x + i * BLOCK, p, dx + i * BLOCK)
        restore_denormals(state)
