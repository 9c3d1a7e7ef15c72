"""Winograd F(4x4, 3x3) slice by slice, for many channels.

The transformed filters do not fit in a cache, so they must be used for many tiles each time they
are loaded. A few hundred tiles are transformed by all threads; then each thread multiplies some of
the 36 slices, so that no two threads load the same filters; then the products of all slices are
transformed back. The transformed tiles pass through memory, which costs less than loading the
filters again.
"""

from cython.parallel cimport parallel, prange

from fastconv.kernels._isa cimport FC_INNER, FC_OWN, flush_denormals, restore_denormals, scratch
from fastconv.kernels.convolution._geometry cimport ceil_div, larger, round_up, smaller
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul
from fastconv.kernels.winograd._stages cimport (
    POINTS, SLACK, row_layout, cut_tiles, filter_slice, layout, layout_floats, load_map, point, store_tile,
    tiling, transform_input, winograd_pass,
)
from fastconv.kernels.winograd._table_winograd cimport fc_winograd, winograd_table

cdef ptrdiff_t KC = 384  # source channels per piece of the sum, as in gemm
cdef ptrdiff_t LEAST_TILES = 128
cdef ptrdiff_t MOST_TILES = 256
cdef ptrdiff_t COLUMNS = 256  # output channels of one task in a slice


cdef int _load(
    const winograd_pass *p, const tiling *t, const fc_winograd *wk, ptrdiff_t n, ptrdiff_t r,
    float *v, const layout *at
) noexcept nogil:
    """Transform row r of tiles of image n."""
    cdef float *copy = <float *> scratch(FC_OWN, sizeof(float) * (6 * t.src_columns * p.kc + SLACK))
    if copy == NULL:
        return -1
    load_map(
        p.source, p.argmax if p.unpool else NULL, p.ih, p.iw, p.kc, n, 1, 4 * r - p.top, 6, -p.left,
        t.src_columns, copy)
    transform_input(t, wk, 1, 1, p.kc, copy, v, at)
    return 0


cdef int _multiply(
    const winograd_pass *p, const fc_matmul *ks, ptrdiff_t n_tiles, const float *v, ptrdiff_t v_tile,
    const float *u, ptrdiff_t first, float *m, ptrdiff_t m_tile
) noexcept nogil:
    """m (tiles, nc) = v (tiles, kc) @ u of one slice, for COLUMNS columns from `first` on."""
    cdef ptrdiff_t piece = round_up(ceil_div(p.kc, ceil_div(p.kc, KC)), 4)
    cdef float *packed = <float *> scratch(
        FC_OWN, sizeof(float) * (round_up(n_tiles, ks.gemm_mr) * piece + SLACK))
    cdef ptrdiff_t k, kc, i, j, n
    cdef fc_epilogue ep
    if packed == NULL:
        return -1
    ep.alpha, ep.bias, ep.act = 1, NULL, 0
    for k from 0 <= k < p.kc by piece:
        kc = smaller(piece, p.kc - k)
        ep.beta = 1 if k else 0
        ks.gemm_pack_a(n_tiles, kc, v + k, v_tile, 1, packed)
        for i from 0 <= i < n_tiles by ks.gemm_mr:
            for j from first <= j < smaller(p.nc, first + COLUMNS) by ks.nr:
                n = smaller(ks.nr, p.nc - j)
                ks.gemm_tile(
                    smaller(ks.gemm_mr, n_tiles - i), n, kc, packed + i * kc,
                    u + j * p.kc + k * round_up(n, ks.vl), m + i * m_tile + j, m_tile, &ep)
    return 0


cdef int correlate_slices(
    const winograd_pass *p, const fc_matmul *ks, const float *u, int team
) noexcept nogil:
    cdef const fc_winograd *wk = winograd_table()
    cdef tiling t
    cdef layout vs, ms
    cdef ptrdiff_t index, n0, r0, images, rows, row, share, f, c
    cdef ptrdiff_t shares = ceil_div(p.nc, COLUMNS)
    cdef float *v
    cdef float *m
    cdef unsigned csr = 0
    cdef int failed = 0, starved = 0  # one per loop: OpenMP reduces a variable only once
    cut_tiles(p.mb, p.oh, p.ow, larger(LEAST_TILES, smaller(p.kc // 2, MOST_TILES)), &t)
    vs, ms = row_layout(t.tiles, p.kc), row_layout(t.tiles, p.nc)
    v = <float *> scratch(FC_INNER, sizeof(float) * (layout_floats(t.tiles, p.kc) + layout_floats(t.tiles, p.nc)))
    if v == NULL:
        return -1
    m = v + 6 * vs.row
    for index in range(t.n_blocks):
        n0, r0 = index // t.row_blocks * t.images, index % t.row_blocks * t.rows
        images, rows = smaller(t.images, p.mb - n0), smaller(t.rows, t.tile_rows - r0)
        with parallel(num_threads=team):
            csr = flush_denormals()
            for row in prange(images * rows, schedule="dynamic"):
                failed |= _load(
                    p, &t, wk, n0 + row // rows, r0 + row % rows,
                    v + row * t.tile_columns * vs.tile, &vs)
            for share in prange(POINTS * shares, schedule="dynamic"):
                f = share // shares
                starved |= _multiply(
                    p, ks, images * rows * t.tile_columns, v + point(&vs, f),
                    vs.tile, u + f * filter_slice(p, ks), share % shares * COLUMNS,
                    m + point(&ms, f), ms.tile)
            for row in prange(images * rows, schedule="dynamic"):
                for c in range(t.tile_columns):
                    store_tile(
                        p, wk, m + (row * t.tile_columns + c) * ms.tile, &ms, 0, p.nc,
                        n0 + row // rows, r0 + row % rows, c)
            restore_denormals(csr)
        if failed or starved:
            return -1
    return 0
