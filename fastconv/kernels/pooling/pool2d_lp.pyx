"""Lp pooling: y = (sum over each window of |x|^p)^(1/p), with p of at least 1.

The forward pass for p = 2 is one kernel. For any other p, and for every gradient, the powers and
shares below are summed over the windows by avg_pool2d_fwd and avg_pool2d_bwd with divisor 2. Arrays
and errors as in pool2d_fwd; flat arrays are C-contiguous, and in place where noted.
"""

from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport BLOCK, over_blocks, same_size
from fastconv.kernels._flat cimport over_one
from fastconv.kernels.pooling._pool2d cimport over_rows, piece_of, pool_geometry, pool_piece, pooling
from fastconv.kernels.pooling._table_pooling cimport fc_pooling, pooling_table

# Work units (see _threads) per element
cdef double UNITS = 8.0


def l2_pool2d_fwd(
        const float[:, :, :, ::1] x, float[:, :, :, ::1] y,
        ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt, ptrdiff_t pl):
    """y = the square root of the sum of the squares of each window."""
    cdef pooling t
    pool_geometry(&t.p, "l2_pool2d_fwd", x.shape, y.shape, kh, kw, sh, sw, pt, pl)
    if x.shape[0]:
        t.k, t.source, t.target = pooling_table(), &x[0, 0, 0, 0], &y[0, 0, 0, 0]
        with nogil:
            over_rows(_l2_row, &t, x.shape[0], t.p.oh)


cdef void _l2_row(ptrdiff_t i, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const pooling *t = <const pooling *> task
    cdef pool_piece at = piece_of(t, i)
    t.k.l2_fwd_row(
        &t.p, at.row, at.nc, t.source + at.x, t.target + at.y + at.row * t.p.ow * t.p.ic)


def lp_power(const float[::1] x, float p, float[::1] y):
    """y = |x|^p; y may be x."""
    same_size("lp_power", "x and y", x.shape[0], y.shape[0])
    over_one(pooling_table().power, x, p, y, UNITS)


def lp_root(const float[::1] x, float p, float[::1] y):
    """y = x^(1/p), for x >= 0; y may be x."""
    same_size("lp_root", "x and y", x.shape[0], y.shape[0])
    over_one(pooling_table().root, x, p, y, UNITS)


def lp_through(const float[::1] x, float p, float[::1] dx):
    """dx *= sign(x) * |x|^(p - 1)."""
    same_size("lp_through", "x and dx", x.shape[0], dx.shape[0])
    over_one(pooling_table().lp_through, x, p, dx, UNITS)


cdef struct shares:
    const fc_pooling *k
    const float *dy
    const float *y
    float p
    float *share


def lp_share(const float[::1] dy, const float[::1] y, float p, float[::1] share):
    """share = dy * y^(1 - p), 0 where y is 0; share may be dy."""
    cdef shares s
    same_size("lp_share", "dy and y", dy.shape[0], y.shape[0])
    same_size("lp_share", "dy and share", dy.shape[0], share.shape[0])
    if dy.shape[0]:
        s.k, s.dy, s.y, s.p, s.share = pooling_table(), &dy[0], &y[0], p, &share[0]
        with nogil:
            over_blocks(_lp_share, &s, dy.shape[0], BLOCK, UNITS * dy.shape[0])


cdef void _lp_share(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const shares *s = <const shares *> task
    s.k.lp_share(n, s.dy + at, s.y + at, s.p, s.share + at)
