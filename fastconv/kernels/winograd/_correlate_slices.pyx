"""Winograd's method slice by slice, for many channels.

The transformed filters do not fit in a cache, so they must be used for many tiles each time they
are loaded. A few hundred tiles are transformed by all threads; then each thread multiplies some of
the slices, one for each point, so that no two threads load the same filters; then the products of all slices are
transformed back. The transformed tiles pass through memory, which costs less than loading the
filters again.
"""

from libc.string cimport memset

from cython.parallel cimport parallel, prange

from fastconv.kernels._isa cimport FC_INNER, FC_OWN, flush_denormals, restore_denormals, scratch
from fastconv.kernels._sizes cimport ceil_div, larger, round_up, smaller
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul
from fastconv.kernels.winograd._parts cimport parts_at
from fastconv.kernels.winograd._stages cimport (
    SLACK, copy_floats, cut_tiles, filter_slice, layout, layout_floats, point, row_layout,
    source_channels, source_map, source_of, store_tile, target_channels, target_vanishes, tiling,
    transform_source, winograd_pass,
)
from fastconv.kernels.winograd._table_winograd cimport fc_winograd, winograd_table

cdef ptrdiff_t KC = 384  # source channels per piece of the sum, as in gemm
cdef ptrdiff_t LEAST_TILES = 128
cdef ptrdiff_t MOST_TILES = 256
cdef ptrdiff_t LEAST_FLOATS = 256 * 1024  # of transformed tiles in a block: less is not worth a barrier
cdef ptrdiff_t COLUMNS = 256  # output channels of one task in a slice


cdef int _load(
    const source_map *source, const tiling *t, const fc_winograd *wk, ptrdiff_t n, ptrdiff_t r,
    float *v, const layout *at
) noexcept nogil:
    """Transform row r of tiles of image n."""
    cdef float *copy = <float *> scratch(
        FC_OWN, sizeof(float) * copy_floats(source, t, 1, 1))
    if copy == NULL:
        return -1
    transform_source(source, t, wk, n, 1, r, 1, copy, v, at)
    return 0


cdef int _multiply(
    const winograd_pass *p, const fc_matmul *ks, ptrdiff_t n_tiles, ptrdiff_t k0, ptrdiff_t k1,
    const float *v, ptrdiff_t v_tile, const float *u, ptrdiff_t first, float *m, ptrdiff_t m_tile
) noexcept nogil:
    """m (tiles, nc) = v (tiles, kc) @ u of slice f, for COLUMNS columns from `first` on.

    u and m are those of a target part; of v, channels k0 .. k1 - 1 are used.
    """
    cdef ptrdiff_t whole = source_channels(p), piece, k, kc, i, j, n
    cdef float *packed
    cdef fc_epilogue ep
    piece = round_up(ceil_div(k1 - k0, ceil_div(k1 - k0, KC)), 4)
    packed = <float *> scratch(
        FC_OWN, sizeof(float) * (round_up(n_tiles, ks.gemm_mr) * piece + SLACK))
    if packed == NULL:
        return -1
    ep.alpha, ep.bias, ep.act = 1, NULL, 0
    for k from k0 <= k < k1 by piece:
        kc = smaller(piece, k1 - k)
        ep.beta = 1 if k > k0 else 0
        ks.gemm_pack_a(n_tiles, kc, v + k, v_tile, 1, packed)
        for i from 0 <= i < n_tiles by ks.gemm_mr:
            for j from first <= j < smaller(p.nc, first + COLUMNS) by ks.nr:
                n = smaller(ks.nr, p.nc - j)
                ks.gemm_tile(
                    smaller(ks.gemm_mr, n_tiles - i), n, kc, packed + i * kc,
                    u + j * whole + k * round_up(n, ks.vl), m + i * m_tile + j, m_tile, &ep)
    return 0


cdef void _clear(
    ptrdiff_t n_tiles, float *m, ptrdiff_t m_tile, ptrdiff_t first, ptrdiff_t last
) noexcept nogil:
    cdef ptrdiff_t i
    for i in range(n_tiles):
        memset(m + i * m_tile + first, 0, sizeof(float) * (last - first))


cdef int _share(
    const winograd_pass *p, const fc_matmul *ks, ptrdiff_t n_tiles, ptrdiff_t share,
    const float *v, const layout *vs, const float *u, float *m, const layout *ms
) noexcept nogil:
    """One slice of COLUMNS columns of a target part."""
    cdef ptrdiff_t shares = ceil_div(p.nc, COLUMNS), first = share % shares * COLUMNS
    cdef ptrdiff_t points = p.h.points * p.w.points
    cdef ptrdiff_t part = share // shares // points, f = share // shares % points
    cdef ptrdiff_t k0, k1
    m += point(ms, f) + part * p.nc
    parts_at(&p.h, &p.w, f, &k0, &k1)
    if k0 == k1 or target_vanishes(p, part, f):
        _clear(n_tiles, m, ms.tile, first, smaller(p.nc, first + COLUMNS))
        return 0
    return _multiply(
        p, ks, n_tiles, k0 * p.kc, k1 * p.kc, v + point(vs, f), vs.tile,
        u + f * filter_slice(p, ks) + part * source_channels(p) * round_up(p.nc, ks.vl), first, m,
        ms.tile)


cdef int correlate_slices(
    const winograd_pass *p, const fc_matmul *ks, const float *u, int team
) noexcept nogil:
    cdef const fc_winograd *wk = winograd_table()
    cdef source_map source = source_of(p)
    cdef tiling t
    cdef layout vs, ms
    cdef ptrdiff_t index, n0, r0, images, rows, row, share, part, c, wanted
    cdef ptrdiff_t kc = source_channels(p), nc = target_channels(p), parts = nc // p.nc
    cdef float *v
    cdef float *m
    cdef unsigned csr = 0
    cdef int failed = 0, starved = 0  # one per loop: OpenMP reduces a variable only once
    wanted = larger(
        larger(LEAST_TILES, smaller(kc // 2, MOST_TILES)),
        LEAST_FLOATS // (p.h.points * p.w.points * (kc + nc)))
    cut_tiles(p.mb, &p.h, &p.w, wanted, &t)
    vs, ms = row_layout(&t, t.tiles, kc), row_layout(&t, t.tiles, nc)
    v = <float *> scratch(
        FC_INNER, sizeof(float) * (layout_floats(&t, kc) + layout_floats(&t, nc)))
    if v == NULL:
        return -1
    m = v + t.tile.rows * vs.row
    for index in range(t.n_blocks):
        n0, r0 = index // t.row_blocks * t.images, index % t.row_blocks * t.rows
        images, rows = smaller(t.images, p.mb - n0), smaller(t.rows, t.tile_rows - r0)
        with parallel(num_threads=team):
            csr = flush_denormals()
            for row in prange(images * rows, schedule="dynamic"):
                failed |= _load(
                    &source, &t, wk, n0 + row // rows, r0 + row % rows,
                    v + row * t.tile_columns * vs.tile, &vs)
            for share in prange(parts * t.points * ceil_div(p.nc, COLUMNS), schedule="dynamic"):
                starved |= _share(
                    p, ks, images * rows * t.tile_columns, share, v, &vs, u, m, &ms)
            for row in prange(images * rows, schedule="dynamic"):
                for part in range(parts):
                    for c in range(t.tile_columns):
                        store_tile(
                            p, wk, m + (row * t.tile_columns + c) * ms.tile + part * p.nc, &ms, part,
                            0, p.nc, n0 + row // rows, r0 + row % rows, c)
            restore_denormals(csr)
        if failed or starved:
            return -1
    return 0
