"""The stages of Winograd's convolutions: cutting maps into tiles, transforms, output."""

from libc.stdint cimport uint8_t

from cython.parallel cimport parallel, prange

from fastconv.kernels._isa cimport FC_TABLE, FC_TEAM, flush_denormals, restore_denormals, scratch
from fastconv.kernels.convolution._direct cimport load_padded, load_unpooled
from fastconv.kernels.convolution._geometry cimport ceil_div, larger, round_up, smaller
from fastconv.kernels.matmul._table_matmul cimport fc_matmul
from fastconv.kernels.winograd._table_winograd cimport fc_winograd, winograd_table

cdef enum:
    FILTER_ROWS = 64  # source channels per task of the filter transform


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


cdef ptrdiff_t filter_slice(const winograd_pass *p, const fc_matmul *ks) noexcept nogil:
    return p.kc * round_up(p.nc, ks.vl) + SKEW


cdef void _filters(
    const winograd_pass *p, const fc_matmul *ks, const float *w, ptrdiff_t tap, float *u, int team
) noexcept nogil:
    """Transform the taps w[9] (kc, nc), `tap` floats apart."""
    cdef const fc_winograd *wk = winograd_table()
    cdef ptrdiff_t task, k, j, n, width, pieces = ceil_div(p.kc, FILTER_ROWS)
    cdef unsigned csr = 0
    with parallel(num_threads=team):
        csr = flush_denormals()
        for task in prange(ceil_div(p.nc, ks.nr) * pieces, schedule="static"):
            j = task // pieces * ks.nr
            n = smaller(ks.nr, p.nc - j)
            width = round_up(n, ks.vl)
            for k in range(
                    task % pieces * FILTER_ROWS, smaller(p.kc, (task % pieces + 1) * FILTER_ROWS)):
                wk.filter(
                    w + k * p.nc + j, tap, n, width, u + j * p.kc + k * width,
                    filter_slice(p, ks))
        restore_denormals(csr)


cdef void _turn(
    const winograd_pass *p, const fc_matmul *ks, float *w, ptrdiff_t tap, int team
) noexcept nogil:
    """w[9] (kc, nc), `tap` floats apart, = p.w (3, 3, nc, kc) transposed and rotated 180 degrees.

    May write up to VL floats beyond each tap.
    """
    cdef ptrdiff_t t
    for t in prange(9, num_threads=team, schedule="static"):
        ks.pack_panel(p.kc, p.nc, p.nc, p.w + (8 - t) * p.nc * p.kc, 1, p.kc, w + t * tap)


cdef float *transform_filters(
    const winograd_pass *p, const fc_matmul *ks, int team
) noexcept nogil:
    cdef float *u = <float *> scratch(FC_TEAM, sizeof(float) * POINTS * filter_slice(p, ks))
    cdef float *turned
    cdef ptrdiff_t tap = p.kc * p.nc
    if u == NULL or not p.turned:
        if u != NULL:
            _filters(p, ks, p.w, tap, u, team)
        return u
    tap += SLACK  # a thread must not overwrite the result of another
    turned = <float *> scratch(FC_TABLE, sizeof(float) * 9 * tap)
    if turned == NULL:
        return NULL
    _turn(p, ks, turned, tap, team)
    _filters(p, ks, turned, tap, u, team)
    return u


cdef void load_map(
    const float *maps, const uint8_t *argmax, ptrdiff_t h, ptrdiff_t w, ptrdiff_t channels, ptrdiff_t n,
    ptrdiff_t images, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, float *copy
) noexcept nogil:
    cdef ptrdiff_t at
    if argmax != NULL:
        at = n * (h // 2) * (w // 2) * channels
        load_unpooled(
            maps + at, argmax + at, images, h, w, channels, row, rows, column, columns, copy)
    else:
        load_padded(
            maps + n * h * w * channels, images, h, w, channels, row, rows, column, columns, copy)


cdef layout slice_layout(ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil:
    cdef layout at
    at.tile = channels
    at.column = tiles * channels + SKEW
    at.row = 6 * at.column
    return at


cdef layout row_layout(ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil:
    cdef layout at
    at.column = channels
    at.tile = 6 * channels + SKEW
    at.row = tiles * at.tile + SKEW
    return at


cdef ptrdiff_t layout_floats(ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil:
    return 6 * larger(slice_layout(tiles, channels).row, row_layout(tiles, channels).row) + SLACK


cdef void transform_input(
    const tiling *t, const fc_winograd *wk, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t channels,
    const float *copy, float *v, const layout *at
) noexcept nogil:
    cdef ptrdiff_t i, r, c
    for i in range(images):
        for r in range(rows):
            for c in range(t.tile_columns):
                wk.input(
                    copy + ((i * t.src_rows + 4 * r) * t.src_columns + 4 * c) * channels,
                    t.src_columns * channels, channels, v, at.row, at.column)
                v += at.tile


cdef void transform_gradient(
    const tiling *t, const fc_winograd *wk, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t channels,
    const float *copy, float *d, const layout *at
) noexcept nogil:
    cdef ptrdiff_t i, r, c
    for i in range(images):
        for r in range(rows):
            for c in range(t.tile_columns):
                wk.gradient(
                    copy + ((i * t.rows + r) * 4 * t.tile_columns + c) * 4 * channels,
                    4 * t.tile_columns * channels, channels, d, at.row, at.column)
                d += at.tile


cdef void store_tile(
    const winograd_pass *p, const fc_winograd *wk, const float *m, const layout *at,
    ptrdiff_t first, ptrdiff_t columns, ptrdiff_t n, ptrdiff_t r, ptrdiff_t c
) noexcept nogil:
    cdef const float *bias = p.ep.bias + first if p.ep.bias != NULL else NULL
    cdef ptrdiff_t rows = smaller(4, p.oh - 4 * r), cols = smaller(4, p.ow - 4 * c), offset
    if p.pool:
        offset = ((n * (p.oh // 2) + 2 * r) * (p.ow // 2) + 2 * c) * p.nc + first
        wk.output_pooled(
            m, at.row, at.column, columns, bias, p.ep.act, p.to + offset,
            p.argmax + offset if p.argmax != NULL else NULL,
            p.ow // 2 * p.nc, p.nc, <int> rows // 2, <int> cols // 2)
    else:
        wk.output(
            m, at.row, at.column, columns, bias, p.ep.act,
            p.to + ((n * p.oh + 4 * r) * p.ow + 4 * c) * p.nc + first,
            p.ow * p.nc, p.nc, <int> rows, <int> cols)
