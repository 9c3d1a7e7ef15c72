"""Winograd F(4x4, 3x3) slice by slice, for many channels.

The transformed filters do not fit any cache, so they have to serve many tiles each time they are
fetched. Some hundred tiles are transformed by the whole team; then each thread takes some of the 36
slices, whose filters nobody else reads; then the products of all slices are transformed back. The
transformed tiles pass through memory, which costs less than fetching filters again.
"""

from cython.parallel cimport parallel, prange

from fastconv.kernels._geometry cimport ceil_div, larger, smaller
from fastconv.kernels._isa cimport (
    FC_INNER, FC_OWN, fc_epilogue, fc_kernels, flush_denormals, restore_denormals, scratch,
)
from fastconv.kernels._winograd_stages cimport (
    POINTS, SKEW, SLACK, cut_tiles, filter_slice, load_map, store_tile, tiling, transform_input,
    winograd_pass,
)

cdef enum:
    MAX_MR = 16

cdef ptrdiff_t LEAST_TILES = 128
cdef ptrdiff_t MOST_TILES = 256
cdef ptrdiff_t COLUMNS = 128  # result channels of one thread's share of a slice


cdef int _load(
    const winograd_pass *p, const tiling *t, const fc_kernels *ks, ptrdiff_t n, ptrdiff_t r,
    float *v, ptrdiff_t fs
) noexcept nogil:
    """The transformed tiles of one row of tiles of image n."""
    cdef float *copy = <float *> scratch(FC_OWN, sizeof(float) * (6 * t.src_columns * p.kc + SLACK))
    if copy == NULL:
        return -1
    load_map(
        p.source, p.argmax if p.unpool else NULL, p.ih, p.iw, p.kc, n, 1, 4 * r - p.top, 6, -p.left,
        t.src_columns, copy)
    transform_input(t, ks, 1, 1, p.kc, copy, v, fs)
    return 0


cdef void _multiply(
    const winograd_pass *p, const fc_kernels *ks, ptrdiff_t n_tiles, const float *v, const float *u,
    ptrdiff_t first, float *m
) noexcept nogil:
    """m (tiles, nc) = v (tiles, kc) @ u of one slice, for a share of the columns."""
    cdef ptrdiff_t rows[MAX_MR]
    cdef ptrdiff_t i, j, zero = 0
    cdef fc_epilogue ep
    ep.alpha, ep.beta, ep.bias, ep.act = 1, 0, NULL, 0
    for i in range(ks.mr):
        rows[i] = i * p.kc
    for j from first <= j < smaller(p.nc, first + COLUMNS) by ks.nr:
        for i from 0 <= i < n_tiles by ks.mr:
            ks.row_tile(
                smaller(ks.mr, n_tiles - i), smaller(ks.nr, p.nc - j), p.kc, 1, v + i * p.kc, rows,
                &zero, u + j * p.kc, m + i * p.nc + j, p.nc, &ep)


cdef int correlate_slices(
    const winograd_pass *p, const fc_kernels *ks, const float *u, int team
) noexcept nogil:
    cdef tiling t
    cdef ptrdiff_t index, n0, r0, images, rows, row, share, f, c, vs, ms
    cdef ptrdiff_t shares = ceil_div(p.nc, COLUMNS)
    cdef float *v
    cdef float *m
    cdef unsigned csr = 0
    cdef int failed = 0
    cut_tiles(p.mb, p.oh, p.ow, larger(LEAST_TILES, smaller(p.kc // 2, MOST_TILES)), &t)
    vs, ms = t.tiles * p.kc + SKEW, t.tiles * p.nc + SKEW
    v = <float *> scratch(FC_INNER, sizeof(float) * (POINTS * (vs + ms) + SLACK))
    if v == NULL:
        return -1
    m = v + POINTS * vs
    for index in range(t.n_blocks):
        n0, r0 = index // t.row_blocks * t.images, index % t.row_blocks * t.rows
        images, rows = smaller(t.images, p.mb - n0), smaller(t.rows, t.tile_rows - r0)
        with parallel(num_threads=team):
            csr = flush_denormals()
            for row in prange(images * rows, schedule="dynamic"):
                failed |= _load(
                    p, &t, ks, n0 + row // rows, r0 + row % rows,
                    v + row * t.tile_columns * p.kc, vs)
            for share in prange(POINTS * shares, schedule="dynamic"):
                f = share // shares
                _multiply(
                    p, ks, images * rows * t.tile_columns, v + f * vs, u + f * filter_slice(p, ks),
                    share % shares * COLUMNS, m + f * ms)
            for row in prange(images * rows, schedule="dynamic"):
                for c in range(t.tile_columns):
                    store_tile(
                        p, ks, m + (row * t.tile_columns + c) * p.nc, ms, 0, p.nc,
                        n0 + row // rows, r0 + row % rows, c)
            restore_denormals(csr)
        if failed:
            return -1
    return 0
