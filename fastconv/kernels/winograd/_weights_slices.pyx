"""Winograd F(3x3, 4x4) slice by slice, for many channels.

The 36 sums do not fit in a cache, so each should be accessed rarely and by one thread only: a few
hundred tiles are transformed by all threads, then each thread adds the products of its slices, from
packed operands, to their sums. The order of every sum is fixed, whatever the number of threads.
"""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from cython.parallel cimport parallel, prange

from fastconv.kernels._isa cimport (
    FC_OWN, FC_TABLE, FC_TEAM, flush_denormals, restore_denormals, scratch,
)
from fastconv.kernels.convolution._geometry cimport ceil_div, geometry, larger, smaller
from fastconv.kernels.elementwise._table_elementwise cimport elementwise_table, fc_elementwise
from fastconv.kernels.matmul.gemm cimport gemm_serial, product
from fastconv.kernels.winograd._stages cimport (
    POINTS, SLACK, row_layout, cut_tiles, layout, layout_floats, load_map, point, tiling, transform_gradient,
    transform_input,
)
from fastconv.kernels.winograd._table_winograd cimport fc_winograd, winograd_table

cdef ptrdiff_t LEAST_TILES = 128
cdef ptrdiff_t MOST_TILES = 256
cdef ptrdiff_t COLUMNS = 256  # output channels of one task in a slice


# A block of transformed tiles: v[f] (tiles, ic) of x, d[f] (tiles, oc) of dy; and dy's sum over
# each row of tiles.
cdef struct block:
    tiling t
    layout vs, ds
    float *v
    float *d
    float *dy_sums


cdef int _load(
    const geometry *g, const block *b, const float *x, const float *dy,
    const uint8_t *argmax, ptrdiff_t n, ptrdiff_t r, ptrdiff_t row
) noexcept nogil:
    """Transform row r of tiles of image n, which is row `row` of the block."""
    cdef const fc_winograd *wk = winograd_table()
    cdef const tiling *t = &b.t
    cdef ptrdiff_t at = row * t.tile_columns
    cdef float *copy = <float *> scratch(
        FC_OWN, sizeof(float) * (t.src_columns * larger(6 * g.ic, 4 * g.oc) + SLACK))
    if copy == NULL:
        return -1
    load_map(x, NULL, g.ih, g.iw, g.ic, n, 1, 4 * r - g.pt, 6, -g.pl, t.src_columns, copy)
    transform_input(t, wk, 1, 1, g.ic, copy, b.v + at * b.vs.tile, &b.vs)
    load_map(dy, argmax, g.oh, g.ow, g.oc, n, 1, 4 * r, 4, 0, 4 * t.tile_columns, copy)
    transform_gradient(t, wk, 1, 1, g.oc, copy, b.d + at * b.ds.tile, &b.ds)
    elementwise_table().sum_rows(16 * t.tile_columns, g.oc, copy, g.oc, b.dy_sums + row * g.oc)
    return 0


cdef int _load_all(
    const geometry *g, const block *b, const float *x, const float *dy,
    const uint8_t *argmax, ptrdiff_t n0, ptrdiff_t r0, ptrdiff_t images, ptrdiff_t rows, int team
) noexcept nogil:
    cdef ptrdiff_t row
    cdef unsigned csr = 0
    cdef int failed = 0
    with parallel(num_threads=team):
        csr = flush_denormals()
        for row in prange(images * rows, schedule="dynamic"):
            failed |= _load(g, b, x, dy, argmax, n0 + row // rows, r0 + row % rows, row)
        restore_denormals(csr)
    return failed


cdef int _share(
    const geometry *g, const block *b, ptrdiff_t n_tiles, ptrdiff_t f, ptrdiff_t first, bint add,
    float *sums
) noexcept nogil:
    """sums[f] (ic, oc) = or += v[f]^T d[f], for COLUMNS columns from `first` on."""
    cdef product p
    p.m, p.k, p.n = g.ic, n_tiles, smaller(COLUMNS, g.oc - first)
    p.a, p.a_rs, p.a_cs = b.v + point(&b.vs, f), 1, b.vs.tile
    p.b = b.d + point(&b.ds, f) + first
    p.b_rs, p.b_cs = b.ds.tile, 1
    p.c, p.ldc = sums + f * g.ic * g.oc + first, g.oc
    p.ep.alpha, p.ep.beta, p.ep.bias, p.ep.act = 1, 1 if add else 0, NULL, 0
    return gemm_serial(&p)


cdef int _multiply(
    const geometry *g, const block *b, ptrdiff_t n_tiles, bint add, float *sums, int team
) noexcept nogil:
    cdef ptrdiff_t share, shares = ceil_div(g.oc, COLUMNS)
    cdef unsigned csr = 0
    cdef int failed = 0
    with parallel(num_threads=team):
        csr = flush_denormals()
        for share in prange(POINTS * shares, schedule="dynamic"):
            failed |= _share(
                g, b, n_tiles, share // shares, share % shares * COLUMNS, add, sums)
        restore_denormals(csr)
    return failed


cdef int bwd_weights_slices(
    const geometry *g, const float *x, const float *dy, const uint8_t *argmax, float *dw, float *db,
    int team
) noexcept nogil:
    cdef const fc_elementwise *ks = elementwise_table()
    cdef const fc_winograd *wk = winograd_table()
    cdef block b
    cdef ptrdiff_t index, n0, r0, images, rows, row, i, j
    cdef ptrdiff_t floats = g.ic * g.oc
    cdef ptrdiff_t wanted = larger(LEAST_TILES, smaller((g.ic + g.oc) // 2, MOST_TILES))
    cdef float *sums
    cdef unsigned csr = 0
    cut_tiles(g.mb, g.oh, g.ow, wanted, &b.t)
    b.vs, b.ds = row_layout(b.t.tiles, g.ic), row_layout(b.t.tiles, g.oc)
    sums = <float *> scratch(FC_TEAM, sizeof(float) * POINTS * floats)
    b.v = <float *> scratch(
        FC_TABLE, sizeof(float) * (
            layout_floats(b.t.tiles, g.ic) + layout_floats(b.t.tiles, g.oc)
            + b.t.images * b.t.rows * g.oc + SLACK))
    if sums == NULL or b.v == NULL:
        return -1
    b.d = b.v + 6 * b.vs.row
    b.dy_sums = b.d + layout_floats(b.t.tiles, g.oc)
    if db != NULL:
        for j in range(g.oc):
            db[j] = 0
    for index in range(b.t.n_blocks):
        n0, r0 = index // b.t.row_blocks * b.t.images, index % b.t.row_blocks * b.t.rows
        images, rows = smaller(b.t.images, g.mb - n0), smaller(b.t.rows, b.t.tile_rows - r0)
        if _load_all(g, &b, x, dy, argmax, n0, r0, images, rows, team):
            return -1
        if _multiply(g, &b, images * rows * b.t.tile_columns, index > 0, sums, team):
            return -1
        if db != NULL:
            for row in range(images * rows):
                ks.add(g.oc, db, b.dy_sums + row * g.oc, db)
    with parallel(num_threads=team):
        csr = flush_denormals()
        for i in prange(g.ic, schedule="static"):
            wk.weights(sums + i * g.oc, 1, 0, floats, g.oc, dw + i * g.oc, floats)
        restore_denormals(csr)
    return 0
