"""Winograd F(3x3, 4x4): the weight gradient of a 3x3 convolution from 4x4 tiles of dy.

The input transform is that of the forward pass; the sum over tiles is 36 sums of outer products,
and the inverse transform to nine taps is done once. As in the direct kernel, the tiles are cut into
parts whose number depends on the shapes only, and the parts are added in order.

Where the sums of a single part would not fit in the cache, `_weights_slices.pyx` is used.
"""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from cython.parallel cimport parallel, prange

from fastconv.kernels._isa cimport (
    FC_INNER, FC_OWN, FC_TABLE, FC_TEAM, flush_denormals, restore_denormals, scratch,
)
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.convolution._geometry cimport ceil_div, geometry, larger, smaller
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul, matmul_table
from fastconv.kernels.winograd._stages cimport (
    POINTS, SLACK, slice_layout, cut_tiles, layout, layout_floats, load_map, point, tiling, transform_gradient,
    transform_input,
)
from fastconv.kernels.winograd._table_winograd cimport fc_winograd, winograd_table
from fastconv.kernels.winograd._weights_slices cimport bwd_weights_slices

cdef ptrdiff_t CACHE_FLOATS = 144 * 1024
cdef ptrdiff_t PARTS = 8
cdef ptrdiff_t PART_FLOATS = 4 << 20  # limit for all parts together, but at least two parts


cdef void _products(
    const geometry *g, const fc_matmul *ks, ptrdiff_t n_tiles, const float *v,
    const layout *vs, const float *d, const layout *ds, const ptrdiff_t *points, float *sums, bint first
) noexcept nogil:
    """sums[f] (ic, oc) += v[f]^T d[f]."""
    cdef fc_epilogue ep
    cdef ptrdiff_t f, j, n, i, m0, m1, n_row_tiles = ceil_div(g.ic, ks.gemm_mr)
    ep.alpha, ep.beta, ep.bias, ep.act = 1, 0 if first else 1, NULL, 0
    for f in range(POINTS):
        for j from 0 <= j < g.oc by ks.nr:
            n = smaller(ks.nr, g.oc - j)
            for i in range(n_row_tiles):
                m0, m1 = g.ic * i // n_row_tiles, g.ic * (i + 1) // n_row_tiles
                ks.column_tile(
                    m1 - m0, n, n_tiles, v + point(vs, f) + m0, points,
                    d + point(ds, f) + j, ds.tile, sums + (f * g.ic + m0) * g.oc + j, g.oc, &ep)


cdef int _part(
    const geometry *g, const tiling *t, const fc_matmul *ks, const float *x, const float *dy,
    const uint8_t *argmax, const ptrdiff_t *points, ptrdiff_t first, ptrdiff_t last, float *sums, bint with_bias
) noexcept nogil:
    cdef const fc_winograd *wk = winograd_table()
    cdef ptrdiff_t source_floats = larger(
        t.src_rows * t.src_columns * g.ic, 16 * t.rows * t.tile_columns * g.oc) * t.images
    cdef float *copy = <float *> scratch(FC_OWN, sizeof(float) * (source_floats + SLACK))
    cdef float *v = <float *> scratch(
        FC_INNER, sizeof(float) * (layout_floats(t.tiles, g.ic) + layout_floats(t.tiles, g.oc)))
    cdef float *db = sums + POINTS * g.ic * g.oc
    cdef float *d
    cdef layout vs, ds
    cdef ptrdiff_t index, n0, r0, images, rows, n_tiles, j, row
    cdef ptrdiff_t pixels
    cdef float one = 1
    cdef fc_epilogue ep
    if copy == NULL or v == NULL:
        return -1
    ep.alpha, ep.beta, ep.bias, ep.act = 1, 1, NULL, 0
    for j in range(g.oc):
        db[j] = 0
    for index in range(first, last):
        n0, r0 = index // t.row_blocks * t.images, index % t.row_blocks * t.rows
        images, rows = smaller(t.images, g.mb - n0), smaller(t.rows, t.tile_rows - r0)
        n_tiles = images * rows * t.tile_columns
        vs, ds = slice_layout(n_tiles, g.ic), slice_layout(n_tiles, g.oc)
        d = v + 6 * vs.row
        load_map(
            x, NULL, g.ih, g.iw, g.ic, n0, images, 4 * r0 - g.pt, t.src_rows, -g.pl, t.src_columns, copy)
        transform_input(t, wk, images, rows, g.ic, copy, v, &vs)
        load_map(
            dy, argmax, g.oh, g.ow, g.oc, n0, images, 4 * r0, 4 * t.rows, 0, 4 * t.tile_columns, copy)
        transform_gradient(t, wk, images, rows, g.oc, copy, d, &ds)
        _products(g, ks, n_tiles, v, &vs, d, &ds, points, sums, index == first)
        if with_bias:
            # the copy still holds the block's dy, padded with zeros; points from index t.tiles on
            # are 0
            pixels = images * 16 * t.rows * t.tile_columns
            for row from 0 <= row < pixels by t.tiles:
                for j from 0 <= j < g.oc by ks.nr:
                    ks.column_tile(
                        1, smaller(ks.nr, g.oc - j), smaller(t.tiles, pixels - row), &one,
                        points + t.tiles, copy + row * g.oc + j, g.oc, db + j, g.oc, &ep)
    return 0


cdef int winograd_bwd_weights(
    const geometry *g, const float *x, const float *dy, const uint8_t *argmax, float *dw, float *db,
    bint by_slices
) noexcept nogil:
    cdef const fc_matmul *ks = matmul_table()
    cdef const fc_winograd *wk = winograd_table()
    cdef int team = threads_for(<double> g.mb * g.oh * g.ow * g.ic * g.oc * 2.5)
    cdef ptrdiff_t floats = POINTS * g.ic * g.oc
    cdef ptrdiff_t part, parts, i, j, wanted
    cdef tiling t
    cdef float *sums
    cdef ptrdiff_t *points
    cdef unsigned csr = 0
    cdef int failed = 0
    if by_slices:
        return bwd_weights_slices(g, x, dy, argmax, dw, db, team)
    parts = smaller(PARTS, larger(2, PART_FLOATS // floats))
    # the transformed block fits the cache, but is long enough to make up for accessing all sums
    wanted = larger(CACHE_FLOATS // (POINTS * (g.ic + g.oc)), g.ic * g.oc // (g.ic + g.oc))
    cut_tiles(
        g.mb, g.oh, g.ow, smaller(wanted, larger(1, g.mb * g.oh * g.ow // (16 * parts))), &t)
    parts = smaller(parts, t.n_blocks)
    sums = <float *> scratch(FC_TEAM, sizeof(float) * parts * (floats + g.oc))
    points = <ptrdiff_t *> scratch(FC_TABLE, sizeof(ptrdiff_t) * 2 * t.tiles)
    if sums == NULL or points == NULL:
        return -1
    for i in range(t.tiles):
        points[i] = i * g.ic
        points[t.tiles + i] = 0
    with parallel(num_threads=team):
        csr = flush_denormals()
        for part in prange(parts, schedule="dynamic"):
            failed |= _part(
                g, &t, ks, x, dy, argmax, points, t.n_blocks * part // parts,
                t.n_blocks * (part + 1) // parts, sums + part * (floats + g.oc), db != NULL)
        restore_denormals(csr)
    if failed:
        return -1
    with parallel(num_threads=team):
        csr = flush_denormals()
        for i in prange(g.ic, schedule="static"):
            wk.weights(
                sums + i * g.oc, parts, floats + g.oc, g.ic * g.oc, g.oc, dw + i * g.oc,
                g.ic * g.oc)
        restore_denormals(csr)
    if db != NULL:
        for j in range(g.oc):
            db[j] = 0
            for part in range(parts):
                db[j] += sums[part * (floats + g.oc) + floats + j]
    return 0
