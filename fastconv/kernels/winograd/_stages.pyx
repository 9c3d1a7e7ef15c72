"""The stages of Winograd's convolutions: cutting maps into tiles, transforms, output."""

from libc.stdint cimport uint8_t
from libc.string cimport memcpy, memset

from cython.parallel cimport parallel, prange

from fastconv.kernels._isa cimport FC_TABLE, FC_TEAM, flush_denormals, restore_denormals, scratch
from fastconv.kernels._sizes cimport ceil_div, larger, round_up, smaller
from fastconv.kernels.convolution._direct cimport load_padded, load_unpooled
from fastconv.kernels.matmul._table_matmul cimport fc_matmul
from fastconv.kernels.winograd._parts cimport (
    column_of, is_short, outputs, parts_at, row_of, set_axes, source_first, source_step, tap_of,
    target_first, target_step, tile_of, vanishing,
)
from fastconv.kernels.winograd._table_winograd cimport fc_inside, fc_tile, fc_winograd, winograd_table

cdef enum:
    FILTER_ROWS = 64  # source channels per task of the filter transform
    MOST_TAPS = 16    # of a part
    MOST_OUTPUTS = 25  # of a tile
    FEW_CHANNELS = 16
    CROPPED = 64      # channels of a tile that is cropped on its way to the target


cdef void cut_tiles(
    ptrdiff_t mb, const axis *h, const axis *w, ptrdiff_t wanted, tiling *t
) noexcept nogil:
    t.tile, t.points = tile_of(h, w), h.points * w.points
    t.high, t.wide = outputs(h), outputs(w)
    t.tile_rows, t.tile_columns = ceil_div(h.extent, t.high), ceil_div(w.extent, t.wide)
    t.images = larger(1, smaller(mb, wanted // (t.tile_rows * t.tile_columns)))
    t.rows = t.tile_rows
    if t.images == 1:
        t.rows = larger(1, smaller(t.tile_rows, wanted // t.tile_columns))
        t.rows = ceil_div(t.tile_rows, ceil_div(t.tile_rows, t.rows))
    t.row_blocks = ceil_div(t.tile_rows, t.rows)
    t.n_blocks = ceil_div(mb, t.images) * t.row_blocks
    t.tiles = t.images * t.rows * t.tile_columns
    t.src_rows, t.src_columns = t.high * t.rows + h.taps - 1, t.wide * t.tile_columns + w.taps - 1


cdef ptrdiff_t result_tiles(const winograd_pass *p) noexcept nogil:
    return p.mb * ceil_div(p.h.extent, outputs(&p.h)) * ceil_div(p.w.extent, outputs(&p.w))


cdef source_map source_of(const winograd_pass *p) noexcept nogil:
    cdef source_map s
    s.maps, s.argmax, s.channels = p.source, p.argmax if p.unpool else NULL, p.kc
    s.h, s.w = p.h, p.w
    return s


cdef ptrdiff_t filter_slice(const winograd_pass *p, const fc_matmul *ks) noexcept nogil:
    cdef ptrdiff_t parts = target_parts(&p.h) * target_parts(&p.w)
    return source_channels(p) * parts * round_up(p.nc, ks.vl) + SKEW


cdef bint target_vanishes(const winograd_pass *p, ptrdiff_t part, ptrdiff_t f) noexcept nogil:
    cdef ptrdiff_t columns = target_parts(&p.w)
    if target_parts(&p.h) * columns == 1 or source_parts(&p.h) * source_parts(&p.w) > 1:
        return False
    return (
        f // p.w.points == vanishing(&p.h) and is_short(&p.h, 0, part // columns)
        or f % p.w.points == vanishing(&p.w) and is_short(&p.w, 0, part % columns))


cdef void _taps(
    const winograd_pass *p, const float *w, ptrdiff_t tap, ptrdiff_t source, ptrdiff_t target,
    const float **taps
) noexcept nogil:
    """Where the taps between a source part and a target part are, NULL for those that lack."""
    cdef ptrdiff_t u, v, i, j
    for u in range(p.h.taps):
        i = tap_of(&p.h, row_of(&p.w, source), target // target_parts(&p.w), u)
        for v in range(p.w.taps):
            j = tap_of(&p.w, column_of(&p.w, source), target % target_parts(&p.w), v)
            taps[u * p.w.taps + v] = w + (i * p.w.window + j) * tap if i >= 0 and j >= 0 else NULL


cdef void _filter_task(
    const winograd_pass *p, const fc_matmul *ks, const float *w, ptrdiff_t tap, float *u,
    ptrdiff_t source, ptrdiff_t target, ptrdiff_t j, ptrdiff_t k0, ptrdiff_t k1
) noexcept nogil:
    """Transform a panel from column j on, channels k0 .. k1 - 1, of a pair of parts."""
    cdef const fc_winograd *wk = winograd_table()
    cdef const float *taps[MOST_TAPS]
    cdef ptrdiff_t k, n = smaller(ks.nr, p.nc - j), width = round_up(n, ks.vl)
    cdef ptrdiff_t kc = source_channels(p)
    cdef fc_tile tile = tile_of(&p.h, &p.w)
    _taps(p, w, tap, source, target, taps)
    u += target * kc * round_up(p.nc, ks.vl) + j * kc + source * p.kc * width
    for k in range(k0, k1):
        wk.filter(&tile, taps, k * p.nc + j, n, width, u + k * width, filter_slice(p, ks))


cdef void _filters(
    const winograd_pass *p, const fc_matmul *ks, const float *w, ptrdiff_t tap, float *u, int team
) noexcept nogil:
    """Transform the taps w[kh*kw] (kc, nc), `tap` floats apart."""
    cdef ptrdiff_t task, rest, k, pieces = ceil_div(p.kc, FILTER_ROWS)
    cdef ptrdiff_t panels = ceil_div(p.nc, ks.nr), sources = source_parts(&p.h) * source_parts(&p.w)
    cdef ptrdiff_t targets = target_parts(&p.h) * target_parts(&p.w)
    cdef unsigned csr = 0
    with parallel(num_threads=team):
        csr = flush_denormals()
        for task in prange(targets * panels * sources * pieces, schedule="static"):
            k = task % pieces * FILTER_ROWS
            rest = task // pieces
            _filter_task(
                p, ks, w, tap, u, rest % sources, rest // sources // panels,
                rest // sources % panels * ks.nr, k, smaller(p.kc, k + FILTER_ROWS))
        restore_denormals(csr)


cdef void _turn(
    const winograd_pass *p, const fc_matmul *ks, float *w, ptrdiff_t tap, int team
) noexcept nogil:
    """w[kh*kw] (kc, nc), `tap` floats apart, = the transposed matrices of p.weights.

    May write up to VL floats beyond each tap.
    """
    cdef ptrdiff_t t
    for t in prange(p.h.window * p.w.window, num_threads=team, schedule="static"):
        ks.pack_panel(p.kc, p.nc, p.nc, p.weights + t * p.nc * p.kc, 1, p.kc, w + t * tap)


cdef const float *transform_filters(
    const winograd_pass *p, const fc_matmul *ks, int team
) noexcept nogil:
    cdef float *u
    cdef float *turned
    cdef ptrdiff_t tap = p.kc * p.nc
    if p.kept != NULL:
        return p.kept
    u = <float *> scratch(
        FC_TEAM, sizeof(float) * p.h.points * p.w.points * filter_slice(p, ks))
    if u == NULL or not p.h.turned:
        if u != NULL:
            _filters(p, ks, p.weights, tap, u, team)
        return u
    tap += SLACK  # a thread must not overwrite the result of another
    turned = <float *> scratch(FC_TABLE, sizeof(float) * p.h.window * p.w.window * tap)
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


cdef layout slice_layout(const tiling *t, ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil:
    cdef layout at
    at.columns = t.tile.columns
    at.tile = channels
    at.column = tiles * channels + SKEW
    at.row = at.columns * at.column
    return at


cdef layout row_layout(const tiling *t, ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil:
    cdef layout at
    at.columns = t.tile.columns
    at.column = channels
    at.tile = at.columns * channels + SKEW
    at.row = tiles * at.tile + SKEW
    return at


cdef ptrdiff_t layout_floats(const tiling *t, ptrdiff_t channels) noexcept nogil:
    return SLACK + t.tile.rows * larger(
        slice_layout(t, t.tiles, channels).row, row_layout(t, t.tiles, channels).row)


cdef void _load_part(
    const source_map *s, ptrdiff_t i, ptrdiff_t j, ptrdiff_t n, ptrdiff_t images, ptrdiff_t row,
    ptrdiff_t rows, ptrdiff_t columns, float *copy, ptrdiff_t pixel
) noexcept nogil:
    """Part (i, j): every step-th pixel, from `row` on, into copy, pixels `pixel` floats apart."""
    cdef ptrdiff_t image, y, x, at_y, at_x, bytes = sizeof(float) * s.channels
    cdef ptrdiff_t first_y = source_first(&s.h, i), first_x = source_first(&s.w, j)
    for image in range(n, n + images):
        for y in range(row, row + rows):
            at_y = first_y + y * source_step(&s.h)
            for x in range(columns):
                at_x = first_x + x * source_step(&s.w)
                if 0 <= at_y < s.h.source and 0 <= at_x < s.w.source:
                    memcpy(
                        copy,
                        s.maps + ((image * s.h.source + at_y) * s.w.source + at_x) * s.channels, bytes)
                else:
                    memset(copy, 0, bytes)
                copy += pixel


cdef ptrdiff_t _together(const source_map *s) noexcept nogil:
    """How many parts are loaded side by side, so that few channels fill a vector."""
    cdef ptrdiff_t parts = source_parts(&s.h) * source_parts(&s.w)
    return parts if s.channels < FEW_CHANNELS and s.argmax == NULL else 1


cdef ptrdiff_t copy_floats(
    const source_map *s, const tiling *t, ptrdiff_t images, ptrdiff_t rows
) noexcept nogil:
    cdef ptrdiff_t halo = t.src_rows - t.high * t.rows
    return (images * (t.high * rows + halo) * t.src_columns * _together(s) + 1) * s.channels + SLACK


cdef void _transform_input(
    const tiling *t, const fc_winograd *wk, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t channels,
    const float *copy, float *v, const layout *at
) noexcept nogil:
    """The tiles of copy (images, rows of tiles with their halo, src_columns, channels) into v."""
    cdef ptrdiff_t i, r, c, src_rows = t.high * rows + t.src_rows - t.high * t.rows
    for i in range(images):
        for r in range(rows):
            for c in range(t.tile_columns):
                wk.input(
                    &t.tile, copy + ((i * src_rows + t.high * r) * t.src_columns + t.wide * c) * channels,
                    t.src_columns * channels, channels, NULL, channels, v, at.row, at.column)
                v += at.tile


cdef void _inside(
    ptrdiff_t first, ptrdiff_t step, ptrdiff_t points, ptrdiff_t size, int *start, int *stop
) noexcept nogil:
    """Which points of a tile that begins at pixel `first` are among `size` pixels."""
    start[0] = <int> smaller(points, ceil_div(-first, step)) if first < 0 else 0
    stop[0] = <int> smaller(points, ceil_div(size - first, step)) if first < size else 0
    stop[0] = <int> larger(start[0], stop[0])


cdef void _transform_strided(
    const source_map *s, const tiling *t, const fc_winograd *wk, ptrdiff_t i, ptrdiff_t j, ptrdiff_t n,
    ptrdiff_t images, ptrdiff_t r, ptrdiff_t rows, float *v, const layout *at
) noexcept nogil:
    """The tiles of part (i, j) into v, from the map itself.

    Without strides a copy costs less than to read pixels anew for each of the tiles that overlap.
    """
    cdef ptrdiff_t image, row, column, y, x, pixel
    cdef ptrdiff_t step_y = source_step(&s.h), step_x = source_step(&s.w)
    cdef fc_inside inside
    for image in range(n, n + images):
        for row in range(r, r + rows):
            y = source_first(&s.h, i) + row * t.high * step_y
            for column in range(t.tile_columns):
                x = source_first(&s.w, j) + column * t.wide * step_x
                _inside(y, step_y, t.tile.rows, s.h.source, &inside.top, &inside.bottom)
                _inside(x, step_x, t.tile.columns, s.w.source, &inside.left, &inside.right)
                if inside.top == inside.bottom or inside.left == inside.right:
                    inside.bottom, inside.right = inside.top, inside.left
                    pixel = 0
                else:
                    pixel = (image * s.h.source + y + inside.top * step_y) * s.w.source
                    pixel += x + inside.left * step_x
                wk.input(
                    &t.tile, s.maps + pixel * s.channels, step_y * s.w.source * s.channels,
                    step_x * s.channels, &inside, s.channels, v, at.row, at.column)
                v += at.tile


cdef void transform_source(
    const source_map *s, const tiling *t, const fc_winograd *wk, ptrdiff_t n, ptrdiff_t images,
    ptrdiff_t r, ptrdiff_t rows, float *copy, float *v, const layout *at
) noexcept nogil:
    cdef ptrdiff_t parts = source_parts(&s.h) * source_parts(&s.w), some = _together(s)
    cdef ptrdiff_t src_rows = t.high * rows + t.src_rows - t.high * t.rows
    cdef ptrdiff_t part, k, i, j
    cdef bint strided = source_step(&s.h) > 1 or source_step(&s.w) > 1
    for part from 0 <= part < parts by some:
        for k in range(some):
            i, j = row_of(&s.w, part + k), column_of(&s.w, part + k)
            if strided and some == 1:
                _transform_strided(s, t, wk, i, j, n, images, r, rows, v + part * s.channels, at)
            elif some == 1:
                load_map(
                    s.maps, s.argmax, s.h.source, s.w.source, s.channels, n, images,
                    t.high * r + source_first(&s.h, i), src_rows, source_first(&s.w, j), t.src_columns, copy)
            else:
                _load_part(
                    s, i, j, n, images, t.high * r, src_rows, t.src_columns, copy + k * s.channels,
                    some * s.channels)
        if some > 1 or not strided:
            _transform_input(
                t, wk, images, rows, some * s.channels, copy, v + part * s.channels, at)


cdef void transform_gradient(
    const tiling *t, const fc_winograd *wk, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t channels,
    const float *copy, float *d, const layout *at
) noexcept nogil:
    cdef ptrdiff_t i, r, c, columns = t.wide * t.tile_columns
    for i in range(images):
        for r in range(rows):
            for c in range(t.tile_columns):
                wk.gradient(
                    &t.tile, copy + ((i * rows + r) * t.high * columns + c * t.wide) * channels,
                    columns * channels, channels, channels, d, at.row, at.column)
                d += at.tile


cdef void _store_cropped(
    const winograd_pass *p, const fc_winograd *wk, const float *m, const layout *at,
    ptrdiff_t columns, const float *bias, ptrdiff_t offset, ptrdiff_t row, ptrdiff_t pixel,
    ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t x0, ptrdiff_t x1
) noexcept nogil:
    """Only rows y0 .. y1 - 1 and columns x0 .. x1 - 1 of the tile whose first pixel is at `offset`."""
    cdef float whole[MOST_OUTPUTS * CROPPED]
    cdef ptrdiff_t high = outputs(&p.h), wide = outputs(&p.w), c, y, x, n
    cdef fc_tile tile = tile_of(&p.h, &p.w)
    for c from 0 <= c < columns by CROPPED:
        n = smaller(CROPPED, columns - c)
        wk.output(
            &tile, m + c, at.row, at.column, n, bias + c if bias != NULL else NULL,
            p.ep.act, whole, wide * CROPPED, CROPPED, <int> high, <int> wide)
        for y in range(y0, y1):
            for x in range(x0, x1):
                memcpy(
                    p.to + (offset + y * row + x * pixel + c), whole + (y * wide + x) * CROPPED,
                    sizeof(float) * n)


cdef void store_tile(
    const winograd_pass *p, const fc_winograd *wk, const float *m, const layout *at, ptrdiff_t part,
    ptrdiff_t first, ptrdiff_t columns, ptrdiff_t n, ptrdiff_t r, ptrdiff_t c
) noexcept nogil:
    cdef const float *bias = p.ep.bias + first if p.ep.bias != NULL else NULL
    cdef fc_tile tile = tile_of(&p.h, &p.w)
    cdef ptrdiff_t high = outputs(&p.h), wide = outputs(&p.w), offset, row, pixel
    cdef ptrdiff_t step_y = target_step(&p.h), step_x = target_step(&p.w)
    # the tile's first pixel of the target, and how many of its rows and columns lie inside
    cdef ptrdiff_t y = target_first(&p.h, part // target_parts(&p.w)) + high * r * step_y
    cdef ptrdiff_t x = target_first(&p.w, part % target_parts(&p.w)) + wide * c * step_x
    cdef ptrdiff_t rows = smaller(high, ceil_div(p.h.target - y, step_y))
    cdef ptrdiff_t cols = smaller(wide, ceil_div(p.w.target - x, step_x))
    if rows <= 0 or cols <= 0:
        return
    if p.pool:
        offset = ((n * (p.h.target // 2) + 2 * r) * (p.w.target // 2) + 2 * c) * p.nc + first
        wk.output_pooled(
            m, at.row, at.column, columns, bias, p.ep.act, p.to + offset,
            p.argmax + offset if p.argmax != NULL else NULL,
            p.w.target // 2 * p.nc, p.nc, <int> rows // 2, <int> cols // 2)
        return
    offset = ((n * p.h.target + y) * p.w.target + x) * p.nc + first
    row, pixel = step_y * p.w.target * p.nc, step_x * p.nc
    if y < 0 or x < 0:
        _store_cropped(
            p, wk, m, at, columns, bias, offset, row, pixel, 1 if y < 0 else 0, rows,
            1 if x < 0 else 0, cols)
    else:
        wk.output(
            &tile, m, at.row, at.column, columns, bias, p.ep.act, p.to + offset, row, pixel,
            <int> rows, <int> cols)


cdef gradient_pass gradient_of(
    const geometry *g, const float *x, const float *dy, const uint8_t *argmax, float *dw
) noexcept nogil:
    cdef gradient_pass p
    p.mb, p.oh, p.ow, p.oc = g.mb, g.oh, g.ow, g.oc
    p.x.maps, p.x.argmax, p.x.channels = x, NULL, g.ic
    set_axes(
        &p.x.h, &p.x.w, g.kh, g.kw, g.sh, g.sw, g.pt, g.pl, g.ih, g.iw, g.oh, g.ow, g.ic, g.oc,
        turned=False)
    p.points = p.x.h.points * p.x.w.points
    p.dy, p.argmax, p.dw = dy, argmax, dw
    return p


cdef void clear_vanishing(const gradient_pass *p, float *sums) noexcept nogil:
    cdef ptrdiff_t f, first, last, kc = sum_channels(p), part = p.x.channels * p.oc
    for f in range(p.points):
        parts_at(&p.x.h, &p.x.w, f, &first, &last)
        memset(sums + f * kc * p.oc, 0, sizeof(float) * first * part)
        memset(sums + f * kc * p.oc + last * part, 0, sizeof(float) * (kc * p.oc - last * part))


cdef void _store_taps(
    const gradient_pass *p, const float *sums, ptrdiff_t parts, ptrdiff_t stride, ptrdiff_t row
) noexcept nogil:
    """The taps of a row of the sums: of one channel of one part of x."""
    cdef float *taps[MOST_TAPS]
    cdef ptrdiff_t part = row // p.x.channels, channel = row % p.x.channels, u, v, i, j
    cdef fc_tile tile = tile_of(&p.x.h, &p.x.w)
    for u in range(p.x.h.taps):
        i = tap_of(&p.x.h, row_of(&p.x.w, part), 0, u)
        for v in range(p.x.w.taps):
            j = tap_of(&p.x.w, column_of(&p.x.w, part), 0, v)
            taps[u * p.x.w.taps + v] = NULL
            if i >= 0 and j >= 0:
                taps[u * p.x.w.taps + v] = p.dw + (i * p.x.w.window + j) * p.x.channels * p.oc
    winograd_table().weights(
        &tile, sums + row * p.oc, parts, stride, sum_channels(p) * p.oc, p.oc, taps, channel * p.oc)


cdef void transform_sums(
    const gradient_pass *p, const float *sums, ptrdiff_t parts, ptrdiff_t stride, int team
) noexcept nogil:
    cdef ptrdiff_t row
    cdef unsigned csr = 0
    with parallel(num_threads=team):
        csr = flush_denormals()
        for row in prange(sum_channels(p), schedule="static"):
            _store_taps(p, sums, parts, stride, row)
        restore_denormals(csr)
