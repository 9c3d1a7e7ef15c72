"""Winograd's method on NHWC, block by block: for 3x3 a quarter of the direct multiplications.

Other windows and strides are computed in parts: see `_parts.pyx`. A block of tiles small enough for
the L2 cache is transformed, multiplied (a matrix product of tiles by filters for each point) and transformed
back. The filters are transformed once per call. At the map's edges, the block's copy of the source
is padded with zeros and the output tiles are cropped.

Where there are so many filters that loading them for every block would take longer than
multiplying, `_correlate_slices.pyx` does the same in another order.
"""

from libc.string cimport memset

from cython.parallel cimport parallel, prange

from fastconv.kernels._isa cimport FC_INNER, FC_OWN, flush_denormals, restore_denormals, scratch
from fastconv.kernels._sizes cimport larger, round_up, smaller
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.matmul._table_matmul cimport fc_matmul, matmul_table
from fastconv.kernels.winograd._correlate_slices cimport correlate_slices
from fastconv.kernels.winograd._parts cimport parts_at, target_parts
from fastconv.kernels.winograd._stages cimport (
    copy_floats, cut_tiles, filter_slice, layout, layout_floats, point, result_tiles,
    slice_layout, source_channels, source_map, source_of, store_tile, target_channels,
    target_vanishes, tiling, transform_filters, transform_source, winograd_pass,
)
from fastconv.kernels.winograd._table_winograd cimport fc_winograd, winograd_table

cdef ptrdiff_t CACHE_FLOATS = 144 * 1024  # of transformed source and products per block
cdef ptrdiff_t COLUMNS = 32               # output channels per pass over the transformed source


cdef void _products(
    const winograd_pass *p, const fc_matmul *ks, ptrdiff_t n_tiles, const float *v, const layout *vs,
    const float *u, ptrdiff_t part, ptrdiff_t first, ptrdiff_t columns, float *m, const layout *ms
) noexcept nogil:
    """m[f] (tiles, columns) = v[f] (tiles, kc) @ u[f] for a target part's columns from `first` on."""
    cdef ptrdiff_t kc = source_channels(p), f, j, n, width, k0, k1
    u += part * kc * round_up(p.nc, ks.vl)
    for f in range(p.h.points * p.w.points):
        parts_at(&p.h, &p.w, f, &k0, &k1)
        if k0 == k1 or target_vanishes(p, part, f):
            memset(m + point(ms, f), 0, sizeof(float) * n_tiles * columns)
            continue
        for j from first <= j < first + columns by ks.nr:
            n = smaller(ks.nr, first + columns - j)
            width = round_up(n, ks.vl)
            ks.panel_product(
                n_tiles, n, (k1 - k0) * p.kc, v + point(vs, f) + k0 * p.kc, vs.tile,
                u + f * filter_slice(p, ks) + j * kc + k0 * p.kc * width, m + point(ms, f) + j - first,
                ms.tile)


cdef int _block(
    const winograd_pass *p, const tiling *t, const fc_matmul *ks, const float *u, ptrdiff_t index
) noexcept nogil:
    cdef const fc_winograd *wk = winograd_table()
    cdef source_map source = source_of(p)
    cdef ptrdiff_t n0 = index // t.row_blocks * t.images, r0 = index % t.row_blocks * t.rows
    cdef ptrdiff_t images = smaller(t.images, p.mb - n0), rows = smaller(t.rows, t.tile_rows - r0)
    cdef ptrdiff_t n_tiles = images * rows * t.tile_columns, kc = source_channels(p)
    cdef ptrdiff_t columns, first, part, tile, i, r, c, width = smaller(p.nc, COLUMNS)
    cdef float *copy = <float *> scratch(
        FC_OWN, sizeof(float) * copy_floats(&source, t, t.images, t.rows))
    cdef float *v = <float *> scratch(
        FC_INNER, sizeof(float) * (layout_floats(t, kc) + layout_floats(t, width)))
    cdef float *m
    cdef layout vs = slice_layout(t, n_tiles, kc), ms
    if copy == NULL or v == NULL:
        return -1
    m = v + t.tile.rows * vs.row
    transform_source(&source, t, wk, n0, images, r0, rows, copy, v, &vs)
    for part in range(target_parts(&p.h) * target_parts(&p.w)):
        for first from 0 <= first < p.nc by COLUMNS:
            columns = smaller(COLUMNS, p.nc - first)
            ms = slice_layout(t, n_tiles, columns)
            _products(p, ks, n_tiles, v, &vs, u, part, first, columns, m, &ms)
            tile = 0
            for i in range(images):
                for r in range(rows):
                    for c in range(t.tile_columns):
                        store_tile(
                            p, wk, m + tile * ms.tile, &ms, part, first, columns, n0 + i, r0 + r, c)
                        tile += 1
    return 0


cdef int _blocks(
    const winograd_pass *p, const fc_matmul *ks, const float *u, int team
) noexcept nogil:
    cdef tiling t
    cdef ptrdiff_t wanted, index
    cdef unsigned csr = 0
    cdef int failed = 0
    wanted = CACHE_FLOATS // (p.h.points * p.w.points * (source_channels(p) + smaller(p.nc, COLUMNS)))
    wanted = larger(ks.mr, wanted // ks.mr * ks.mr)
    # a few blocks for each thread
    if team > 1:
        wanted = smaller(wanted, larger(1, result_tiles(p) // (3 * team)))
    cut_tiles(p.mb, &p.h, &p.w, wanted, &t)
    with parallel(num_threads=team):
        csr = flush_denormals()
        for index in prange(t.n_blocks, schedule="dynamic"):
            failed |= _block(p, &t, ks, u, index)
        restore_denormals(csr)
    return failed


cdef int winograd_correlate(const winograd_pass *p) noexcept nogil:
    cdef const fc_matmul *ks = matmul_table()
    cdef int team = threads_for(
        <double> result_tiles(p) * p.h.points * p.w.points * source_channels(p) * target_channels(p))
    cdef const float *u
    if p.mb == 0:
        return 0
    u = transform_filters(p, ks, team)
    if u == NULL:
        return -1
    if p.by_slices:
        return correlate_slices(p, ks, u, team)
    return _blocks(p, ks, u, team)
