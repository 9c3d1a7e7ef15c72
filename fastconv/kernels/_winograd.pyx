"""Winograd F(4x4, 3x3) on NHWC: a quarter of the multiplications of the direct method.

A block of tiles small enough for the second-level cache is transformed, multiplied (36 matrix products
of tiles by filters, in the register tile of every other product) and transformed back at once. The
filters are transformed once per call. Map edges are zeros in the block's copy of the source and masks
on the way out.
"""

from cython.parallel cimport parallel, prange

from fastconv.kernels._direct cimport load_padded, load_unpooled
from fastconv.kernels._geometry cimport ceil_div, larger, round_up, smaller
from fastconv.kernels._isa cimport (
    FC_INNER, FC_OWN, FC_TABLE, FC_TEAM, fc_epilogue, fc_kernels, flush_denormals, kernels,
    restore_denormals, scratch,
)
from fastconv.kernels._threads cimport threads_for

cdef enum:
    POINTS = 36
    MAX_MR = 16
    SLACK = 16  # floats that transforms may read behind an array
    SKEW = 16   # floats between the 36 slices: a power of two apart they would share sets of the caches

cdef ptrdiff_t CACHE_FLOATS = 144 * 1024  # of transformed source and products per block
cdef ptrdiff_t COLUMNS = 32               # result channels per pass over the transformed source


cdef void cut_tiles(
    ptrdiff_t mb, ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t wanted, tiling *t
) noexcept nogil:
    t.tile_rows, t.tile_columns = ceil_div(oh, 4), ceil_div(ow, 4)
    t.images = larger(1, smaller(mb, wanted // (t.tile_rows * t.tile_columns)))
    t.rows = t.tile_rows
    if t.images == 1:
        t.rows = larger(1, smaller(t.tile_rows, wanted // t.tile_columns))
        t.rows = ceil_div(t.tile_rows, ceil_div(t.tile_rows, t.rows))
    t.row_blocks = ceil_div(t.tile_rows, t.rows)
    t.n_blocks = ceil_div(mb, t.images) * t.row_blocks
    t.tiles = t.images * t.rows * t.tile_columns
    t.src_rows, t.src_columns = 4 * t.rows + 2, 4 * t.tile_columns + 2


cdef void _filters(
    const winograd_pass *p, const fc_kernels *ks, const float *w, float *u, int team
) noexcept nogil:
    """u[f][panel][k][width], w (3, 3, kc, nc)."""
    cdef ptrdiff_t k, j, n, width
    cdef ptrdiff_t fs = p.kc * round_up(p.nc, ks.vl)
    for k in prange(p.kc, num_threads=team, schedule="static"):
        for j from 0 <= j < p.nc by ks.nr:
            n = smaller(ks.nr, p.nc - j)
            width = round_up(n, ks.vl)
            ks.winograd_filter(
                w + k * p.nc + j, p.kc * p.nc, n, width, u + j * p.kc + k * width, fs)


cdef void _turn(const winograd_pass *p, const fc_kernels *ks, float *w) noexcept nogil:
    """w (3, 3, kc, nc) = p.w (3, 3, nc, kc) transposed and turned."""
    cdef ptrdiff_t t
    for t in range(9):
        ks.pack_panel(p.kc, p.nc, p.nc, p.w + (8 - t) * p.nc * p.kc, 1, p.kc, w + t * p.kc * p.nc)


cdef void _products(
    const winograd_pass *p, const fc_kernels *ks, ptrdiff_t n_tiles, const float *v, const float *u,
    ptrdiff_t first, ptrdiff_t columns, float *m
) noexcept nogil:
    """m[f] (tiles, columns) = v[f] (tiles, kc) @ u[f] for the columns from `first` on."""
    cdef ptrdiff_t vs = n_tiles * p.kc + SKEW, ms = n_tiles * columns + SKEW
    cdef ptrdiff_t f, j, n, i, zero = 0
    cdef ptrdiff_t rows[MAX_MR]
    cdef fc_epilogue ep
    cdef const float *panel
    ep.alpha, ep.beta, ep.bias, ep.act = 1, 0, NULL, 0
    for i in range(ks.mr):
        rows[i] = i * p.kc
    for f in range(POINTS):
        for j from first <= j < first + columns by ks.nr:
            n = smaller(ks.nr, first + columns - j)
            panel = u + f * p.kc * round_up(p.nc, ks.vl) + j * p.kc
            for i from 0 <= i < n_tiles by ks.mr:
                ks.row_tile(
                    smaller(ks.mr, n_tiles - i), n, p.kc, 1, v + f * vs + i * p.kc, rows,
                    &zero, panel, m + f * ms + i * columns + j - first, columns, &ep)


cdef void transform_input(
    const tiling *t, const fc_kernels *ks, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t channels,
    const float *copy, float *v
) noexcept nogil:
    cdef ptrdiff_t i, r, c, at = 0, n_tiles = images * rows * t.tile_columns
    for i in range(images):
        for r in range(rows):
            for c in range(t.tile_columns):
                ks.winograd_input(
                    copy + ((i * t.src_rows + 4 * r) * t.src_columns + 4 * c) * channels,
                    t.src_columns * channels, channels, v + at, n_tiles * channels + SKEW)
                at += channels


cdef void _store(
    const winograd_pass *p, const fc_kernels *ks, const float *m, ptrdiff_t fs, ptrdiff_t first,
    ptrdiff_t columns, ptrdiff_t n, ptrdiff_t r, ptrdiff_t c
) noexcept nogil:
    """Channels from `first` on of the tile (r, c) of image n, out of its products m."""
    cdef const float *bias = p.ep.bias + first if p.ep.bias != NULL else NULL
    cdef ptrdiff_t rows = smaller(4, p.oh - 4 * r), cols = smaller(4, p.ow - 4 * c), at
    if p.pool:
        at = ((n * (p.oh // 2) + 2 * r) * (p.ow // 2) + 2 * c) * p.nc + first
        ks.winograd_output_pooled(
            m, fs, columns, bias, p.ep.act, p.to + at, p.argmax + at if p.argmax != NULL else NULL,
            p.ow // 2 * p.nc, p.nc, <int> rows // 2, <int> cols // 2)
    else:
        ks.winograd_output(
            m, fs, columns, bias, p.ep.act, p.to + ((n * p.oh + 4 * r) * p.ow + 4 * c) * p.nc + first,
            p.ow * p.nc, p.nc, <int> rows, <int> cols)


cdef int _block(
    const winograd_pass *p, const tiling *t, const fc_kernels *ks, const float *u, ptrdiff_t index
) noexcept nogil:
    cdef ptrdiff_t n0 = index // t.row_blocks * t.images, r0 = index % t.row_blocks * t.rows
    cdef ptrdiff_t images = smaller(t.images, p.mb - n0), rows = smaller(t.rows, t.tile_rows - r0)
    cdef ptrdiff_t n_tiles = images * rows * t.tile_columns
    cdef ptrdiff_t source_floats = t.images * t.src_rows * t.src_columns * p.kc + SLACK
    cdef ptrdiff_t columns, first, tile, i, r, c, width = smaller(p.nc, COLUMNS)
    cdef float *copy = <float *> scratch(FC_OWN, sizeof(float) * source_floats)
    cdef float *v = <float *> scratch(
        FC_INNER, sizeof(float) * (POINTS * (t.tiles * (p.kc + width) + 2 * SKEW) + SLACK))
    cdef float *m
    if copy == NULL or v == NULL:
        return -1
    m = v + POINTS * (n_tiles * p.kc + SKEW)
    if p.unpool:
        i = n0 * (p.ih // 2) * (p.iw // 2) * p.kc
        load_unpooled(
            p.source + i, p.argmax + i, images, p.ih, p.iw, p.kc, 4 * r0 - p.top,
            t.src_rows, -p.left, t.src_columns, copy)
    else:
        load_padded(
            p.source + n0 * p.ih * p.iw * p.kc, images, p.ih, p.iw, p.kc, 4 * r0 - p.top,
            t.src_rows, -p.left, t.src_columns, copy)
    transform_input(t, ks, images, rows, p.kc, copy, v)
    for first from 0 <= first < p.nc by COLUMNS:
        columns = smaller(COLUMNS, p.nc - first)
        _products(p, ks, n_tiles, v, u, first, columns, m)
        tile = 0
        for i in range(images):
            for r in range(rows):
                for c in range(t.tile_columns):
                    _store(
                        p, ks, m + tile * columns, n_tiles * columns + SKEW, first, columns, n0 + i,
                        r0 + r, c)
                    tile += 1
    return 0


cdef int winograd_correlate(const winograd_pass *p) noexcept nogil:
    cdef const fc_kernels *ks = kernels()
    cdef int team = threads_for(<double> p.mb * p.oh * p.ow * p.nc * p.kc * 2.5)
    cdef tiling t
    cdef ptrdiff_t wanted, index
    cdef ptrdiff_t filter_floats = POINTS * p.kc * round_up(p.nc, ks.vl)
    cdef float *u = <float *> scratch(FC_TEAM, sizeof(float) * filter_floats)
    cdef float *turned
    cdef unsigned csr = 0
    cdef int failed = 0
    if p.mb == 0:
        return 0
    if u == NULL:
        return -1
    if p.turned:
        turned = <float *> scratch(FC_TABLE, sizeof(float) * (9 * p.kc * p.nc + SLACK))
        if turned == NULL:
            return -1
        _turn(p, ks, turned)
        _filters(p, ks, turned, u, team)
    else:
        _filters(p, ks, p.w, u, team)
    wanted = CACHE_FLOATS // (POINTS * (p.kc + smaller(p.nc, COLUMNS)))
    wanted = larger(ks.mr, wanted // ks.mr * ks.mr)
    # a few blocks for each thread
    if team > 1:
        wanted = smaller(wanted, larger(1, p.mb * ceil_div(p.oh, 4) * ceil_div(p.ow, 4) // (3 * team)))
    cut_tiles(p.mb, p.oh, p.ow, wanted, &t)
    with parallel(num_threads=team):
        csr = flush_denormals()
        for index in prange(t.n_blocks, schedule="dynamic"):
            failed |= _block(p, &t, ks, u, index)
        restore_denormals(csr)
    return failed
