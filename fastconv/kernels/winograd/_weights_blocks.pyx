"""The gradient of the weights by Winograd's method: of 3x3, F(3x3, 4x4), from 4x4 tiles of dy.

The input transform is that of the forward pass, in the same parts; the sum over tiles is a sum of
outer products for each point, and the inverse transform to the taps is done once. As in the direct
kernel, the tiles are cut into parts whose number depends on the shapes only, and the parts are added
in order.

Where the sums of a single part would not fit in the cache, `_weights_slices.pyx` is used.
"""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t
from cython.parallel cimport parallel, prange

from fastconv.kernels._isa cimport (
    FC_INNER, FC_OWN, FC_TABLE, FC_TEAM, flush_denormals, restore_denormals, scratch,
)
from fastconv.kernels._sizes cimport ceil_div, larger, smaller
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.convolution._geometry cimport geometry
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul, matmul_table
from fastconv.kernels.winograd._parts cimport outputs, parts_at
from fastconv.kernels.winograd._stages cimport (
    SLACK, clear_vanishing, copy_floats, cut_tiles, gradient_of, gradient_pass, layout, layout_floats, load_map,
    point, slice_layout, sum_channels, tiling, transform_gradient, transform_source, transform_sums,
)
from fastconv.kernels.winograd._table_winograd cimport fc_winograd, winograd_table
from fastconv.kernels.winograd._weights_slices cimport bwd_weights_slices

cdef ptrdiff_t CACHE_FLOATS = 144 * 1024
cdef ptrdiff_t PARTS = 8
cdef ptrdiff_t LEAST_PARTS = 4
cdef ptrdiff_t PART_FLOATS = 4 << 20  # for all parts together, but the least are always allowed


cdef void _products(
    const gradient_pass *p, const fc_matmul *ks, ptrdiff_t n_tiles, const float *v,
    const layout *vs, const float *d, const layout *ds, const ptrdiff_t *points, float *sums, bint first
) noexcept nogil:
    """sums[f] (channels of x's parts, oc) += v[f]^T d[f]."""
    cdef fc_epilogue ep
    cdef ptrdiff_t f, j, n, i, k0, k1, m0, m1, tiles, kc = sum_channels(p)
    ep.alpha, ep.beta, ep.bias, ep.act = 1, 0 if first else 1, NULL, 0
    for f in range(p.points):
        parts_at(&p.x.h, &p.x.w, f, &k0, &k1)
        k0, k1 = k0 * p.x.channels, k1 * p.x.channels
        tiles = ceil_div(k1 - k0, ks.gemm_mr)
        for j from 0 <= j < p.oc by ks.nr:
            n = smaller(ks.nr, p.oc - j)
            for i in range(tiles):
                m0, m1 = k0 + (k1 - k0) * i // tiles, k0 + (k1 - k0) * (i + 1) // tiles
                ks.column_tile(
                    m1 - m0, n, n_tiles, v + point(vs, f) + m0, points,
                    d + point(ds, f) + j, ds.tile, sums + (f * kc + m0) * p.oc + j, p.oc, &ep)


cdef int _part(
    const gradient_pass *p, const tiling *t, const fc_matmul *ks, const ptrdiff_t *points,
    ptrdiff_t first, ptrdiff_t last, float *sums, bint with_bias
) noexcept nogil:
    cdef const fc_winograd *wk = winograd_table()
    cdef ptrdiff_t kc = sum_channels(p), size = t.high * t.wide
    cdef ptrdiff_t dy_floats = (size * t.rows * t.tile_columns * t.images + 1) * p.oc + SLACK
    cdef float *copy = <float *> scratch(
        FC_OWN, sizeof(float) * larger(copy_floats(&p.x, t, t.images, t.rows), dy_floats))
    cdef float *v = <float *> scratch(
        FC_INNER, sizeof(float) * (layout_floats(t, kc) + layout_floats(t, p.oc)))
    cdef float *db = sums + p.points * kc * p.oc
    cdef float *d
    cdef layout vs, ds
    cdef ptrdiff_t index, n0, r0, images, rows, n_tiles, j, row
    cdef ptrdiff_t pixels
    cdef float one = 1
    cdef fc_epilogue ep
    if copy == NULL or v == NULL:
        return -1
    ep.alpha, ep.beta, ep.bias, ep.act = 1, 1, NULL, 0
    clear_vanishing(p, sums)
    for j in range(p.oc):
        db[j] = 0
    for index in range(first, last):
        n0, r0 = index // t.row_blocks * t.images, index % t.row_blocks * t.rows
        images, rows = smaller(t.images, p.mb - n0), smaller(t.rows, t.tile_rows - r0)
        n_tiles = images * rows * t.tile_columns
        vs, ds = slice_layout(t, n_tiles, kc), slice_layout(t, n_tiles, p.oc)
        d = v + t.tile.rows * vs.row
        transform_source(&p.x, t, wk, n0, images, r0, rows, copy, v, &vs)
        load_map(
            p.dy, p.argmax, p.oh, p.ow, p.oc, n0, images, t.high * r0, t.high * rows, 0,
            t.wide * t.tile_columns, copy)
        transform_gradient(t, wk, images, rows, p.oc, copy, d, &ds)
        _products(p, ks, n_tiles, v, &vs, d, &ds, points, sums, index == first)
        if with_bias:
            # the copy still holds the block's dy, padded with zeros; points from index t.tiles on
            # are 0
            pixels = images * size * rows * t.tile_columns
            for row from 0 <= row < pixels by t.tiles:
                for j from 0 <= j < p.oc by ks.nr:
                    ks.column_tile(
                        1, smaller(ks.nr, p.oc - j), smaller(t.tiles, pixels - row), &one,
                        points + t.tiles, copy + row * p.oc + j, p.oc, db + j, p.oc, &ep)
    return 0


cdef int winograd_bwd_weights(
    const geometry *g, const float *x, const float *dy, const uint8_t *argmax, float *dw, float *db,
    bint by_slices
) noexcept nogil:
    cdef const fc_matmul *ks = matmul_table()
    cdef gradient_pass p = gradient_of(g, x, dy, argmax, dw)
    cdef ptrdiff_t kc = sum_channels(&p), floats = p.points * kc * g.oc
    cdef ptrdiff_t high = outputs(&p.x.h), wide = outputs(&p.x.w)
    cdef ptrdiff_t tiles = g.mb * ceil_div(g.oh, high) * ceil_div(g.ow, wide)
    cdef int team = threads_for(<double> tiles * p.points * kc * g.oc)
    cdef ptrdiff_t part, parts, i, j, wanted
    cdef tiling t
    cdef float *sums
    cdef ptrdiff_t *points
    cdef unsigned csr = 0
    cdef int failed = 0
    if by_slices:
        return bwd_weights_slices(&p, db, team)
    parts = PARTS
    while parts > LEAST_PARTS and parts * floats > PART_FLOATS:
        parts //= 2  # a power of two, which more teams share evenly
    # the transformed block fits the cache, but is long enough to make up for accessing all sums
    wanted = larger(CACHE_FLOATS // (p.points * (kc + g.oc)), kc * g.oc // (kc + g.oc))
    cut_tiles(
        g.mb, &p.x.h, &p.x.w,
        smaller(wanted, larger(1, g.mb * g.oh * g.ow // (high * wide * parts))), &t)
    parts = smaller(parts, t.n_blocks)
    sums = <float *> scratch(FC_TEAM, sizeof(float) * parts * (floats + g.oc))
    points = <ptrdiff_t *> scratch(FC_TABLE, sizeof(ptrdiff_t) * 2 * t.tiles)
    if sums == NULL or points == NULL:
        return -1
    for i in range(t.tiles):
        points[i] = i * kc
        points[t.tiles + i] = 0
    with parallel(num_threads=team):
        csr = flush_denormals()
        for part in prange(parts, schedule="dynamic"):
            failed |= _part(
                &p, &t, ks, points, t.n_blocks * part // parts, t.n_blocks * (part + 1) // parts,
                sums + part * (floats + g.oc), db != NULL)
        restore_denormals(csr)
    if failed:
        return -1
    transform_sums(&p, sums, parts, floats + g.oc, team)
    if db != NULL:
        for j in range(g.oc):
            db[j] = 0
            for part in range(parts):
                db[j] += sums[part * (floats + g.oc) + floats + j]
    return 0
