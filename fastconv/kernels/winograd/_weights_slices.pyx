"""The gradient of the weights by Winograd's method, slice by slice, for many channels.

The sums of all points do not fit in a cache, so each should be accessed rarely and by one thread only: a few
hundred tiles are transformed by all threads, then each thread adds the products of its slices, from
packed operands, to their sums. The order of every sum is fixed, whatever the number of threads.
"""

from libc.stddef cimport ptrdiff_t
from cython.parallel cimport parallel, prange

from fastconv.kernels._isa cimport (
    FC_OWN, FC_TABLE, FC_TEAM, flush_denormals, restore_denormals, scratch,
)
from fastconv.kernels._sizes cimport ceil_div, larger, smaller
from fastconv.kernels.elementwise._table_elementwise cimport elementwise_table, fc_elementwise
from fastconv.kernels.matmul.gemm cimport gemm_serial, product
from fastconv.kernels.winograd._parts cimport parts_at
from fastconv.kernels.winograd._stages cimport (
    SLACK, clear_vanishing, copy_floats, cut_tiles, gradient_pass, layout, layout_floats, load_map, point,
    row_layout, sum_channels, tiling, transform_gradient, transform_source, transform_sums,
)
from fastconv.kernels.winograd._table_winograd cimport fc_winograd, winograd_table

cdef ptrdiff_t LEAST_TILES = 128
cdef ptrdiff_t MOST_TILES = 256
cdef ptrdiff_t LEAST_FLOATS = 256 * 1024  # of transformed tiles in a block: less is not worth a barrier
cdef ptrdiff_t COLUMNS = 256  # output channels of one task in a slice


# A block of transformed tiles: v[f] (tiles, kc) of all parts of x, d[f] (tiles, oc) of dy; and dy's sum
# over each row of tiles.
cdef struct block:
    tiling t
    layout vs, ds
    ptrdiff_t kc
    float *v
    float *d
    float *dy_sums


cdef int _load(
    const gradient_pass *p, const block *b, ptrdiff_t n, ptrdiff_t r, ptrdiff_t row
) noexcept nogil:
    """Transform row r of tiles of image n, which is row `row` of the block."""
    cdef const fc_winograd *wk = winograd_table()
    cdef const tiling *t = &b.t
    cdef ptrdiff_t at = row * t.tile_columns, pixels = t.high * t.wide * t.tile_columns
    cdef float *copy = <float *> scratch(
        FC_OWN, sizeof(float) * larger(copy_floats(&p.x, t, 1, 1), (pixels + 1) * p.oc + SLACK))
    if copy == NULL:
        return -1
    transform_source(&p.x, t, wk, n, 1, r, 1, copy, b.v + at * b.vs.tile, &b.vs)
    load_map(
        p.dy, p.argmax, p.oh, p.ow, p.oc, n, 1, t.high * r, t.high, 0, t.wide * t.tile_columns, copy)
    transform_gradient(t, wk, 1, 1, p.oc, copy, b.d + at * b.ds.tile, &b.ds)
    elementwise_table().sum_rows(pixels, p.oc, copy, p.oc, b.dy_sums + row * p.oc)
    return 0


cdef int _load_all(
    const gradient_pass *p, const block *b, ptrdiff_t n0, ptrdiff_t r0, ptrdiff_t images,
    ptrdiff_t rows, int team
) noexcept nogil:
    cdef ptrdiff_t row
    cdef unsigned csr = 0
    cdef int failed = 0
    with parallel(num_threads=team):
        csr = flush_denormals()
        for row in prange(images * rows, schedule="dynamic"):
            failed |= _load(p, b, n0 + row // rows, r0 + row % rows, row)
        restore_denormals(csr)
    return failed


cdef int _share(
    const gradient_pass *g, const block *b, ptrdiff_t n_tiles, ptrdiff_t f, ptrdiff_t first,
    bint add, float *sums
) noexcept nogil:
    """sums[f] (kc, oc) = or += v[f]^T d[f], for COLUMNS columns from `first` on."""
    cdef product p
    cdef ptrdiff_t k0, k1
    parts_at(&g.x.h, &g.x.w, f, &k0, &k1)
    if k0 == k1:
        return 0
    k0, k1 = k0 * g.x.channels, k1 * g.x.channels
    p.m, p.k, p.n = k1 - k0, n_tiles, smaller(COLUMNS, g.oc - first)
    p.a, p.a_rs, p.a_cs = b.v + point(&b.vs, f) + k0, 1, b.vs.tile
    p.b = b.d + point(&b.ds, f) + first
    p.b_rs, p.b_cs = b.ds.tile, 1
    p.c, p.ldc = sums + (f * b.kc + k0) * g.oc + first, g.oc
    p.ep.alpha, p.ep.beta, p.ep.bias, p.ep.act = 1, 1 if add else 0, NULL, 0
    p.gradient = True
    return gemm_serial(&p)


cdef int _multiply(
    const gradient_pass *p, const block *b, ptrdiff_t n_tiles, bint add, float *sums, int team
) noexcept nogil:
    cdef ptrdiff_t share, shares = ceil_div(p.oc, COLUMNS)
    cdef unsigned csr = 0
    cdef int failed = 0
    with parallel(num_threads=team):
        csr = flush_denormals()
        for share in prange(p.points * shares, schedule="dynamic"):
            failed |= _share(
                p, b, n_tiles, share // shares, share % shares * COLUMNS, add, sums)
        restore_denormals(csr)
    return failed


cdef int bwd_weights_slices(const gradient_pass *p, float *db, int team) noexcept nogil:
    cdef const fc_elementwise *ks = elementwise_table()
    cdef block b
    cdef ptrdiff_t index, n0, r0, images, rows, row, j
    cdef ptrdiff_t kc = sum_channels(p), floats = p.points * kc * p.oc
    cdef ptrdiff_t wanted = larger(LEAST_TILES, smaller((kc + p.oc) // 2, MOST_TILES))
    cdef float *sums
    wanted = larger(wanted, LEAST_FLOATS // (p.points * (kc + p.oc)))
    cut_tiles(p.mb, &p.x.h, &p.x.w, wanted, &b.t)
    b.kc, b.vs, b.ds = kc, row_layout(&b.t, b.t.tiles, kc), row_layout(&b.t, b.t.tiles, p.oc)
    sums = <float *> scratch(FC_TEAM, sizeof(float) * floats)
    b.v = <float *> scratch(
        FC_TABLE, sizeof(float) * (
            layout_floats(&b.t, kc) + layout_floats(&b.t, p.oc)
            + b.t.images * b.t.rows * p.oc + SLACK))
    if sums == NULL or b.v == NULL:
        return -1
    b.d = b.v + b.t.tile.rows * b.vs.row
    b.dy_sums = b.d + layout_floats(&b.t, p.oc)
    clear_vanishing(p, sums)
    if db != NULL:
        for j in range(p.oc):
            db[j] = 0
    for index in range(b.t.n_blocks):
        n0, r0 = index // b.t.row_blocks * b.t.images, index % b.t.row_blocks * b.t.rows
        images, rows = smaller(b.t.images, p.mb - n0), smaller(b.t.rows, b.t.tile_rows - r0)
        if _load_all(p, &b, n0, r0, images, rows, team):
            return -1
        if _multiply(p, &b, images * rows * b.t.tile_columns, index > 0, sums, team):
            return -1
        if db != NULL:
            for row in range(images * rows):
                ks.add(p.oc, db, b.dy_sums + row * p.oc, db)
    transform_sums(p, sums, 1, 0, team)
    return 0
