"""Implicit matrix product: direct convolution on NHWC without a column buffer.

The work is cut into blocks of whole images, or of rows of one image, small enough for the L2 cache;
where the weights are larger than the source, each block also into parts of the output channels, so
that no two threads load the same weights.
A block's part of the source is copied once with its zero padding (unless it needs none), after
which every tap is a constant offset from the same row pointers, and the rows of a register tile may
be any pixels, across rows and images. Adjacent taps are merged into one longer sum.
"""

from libc.stdint cimport uint8_t
from libc.string cimport memcpy, memset

from cython.parallel cimport parallel, prange

from fastconv.kernels._isa cimport FC_OWN, FC_TABLE, flush_denormals, restore_denormals, scratch
from fastconv.kernels._sizes cimport ceil_div, larger, round_up, smaller
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.elementwise._table_elementwise cimport elementwise_table, fc_elementwise
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul, matmul_table
from fastconv.kernels.winograd._table_winograd cimport fc_winograd, winograd_table

cdef enum:
    LARGEST_TILE = 16 * 32

cdef ptrdiff_t BLOCK_FLOATS = 48 * 1024


ctypedef struct blocking:
    ptrdiff_t images, rows            # of a block of the result: whole images, or rows of one image
    ptrdiff_t row_blocks, n_blocks
    ptrdiff_t panels, parts           # panels of the weights in all groups; parts that share them
    bint padded                       # whether the source is copied
    ptrdiff_t src_rows, src_columns   # of the copy, for a whole block
    ptrdiff_t k, n_taps               # after merging adjacent taps
    ptrdiff_t *taps                   # offsets in floats from a pixel's pointer
    ptrdiff_t *pixels                 # offsets of a block's source pixels from its first
    ptrdiff_t *results                # offsets of a block's result pixels from its first


cdef ptrdiff_t packed_floats(ptrdiff_t n_taps, ptrdiff_t kc, ptrdiff_t nc) noexcept nogil:
    return n_taps * kc * round_up(nc, matmul_table().vl)


cdef void load_padded(
    const float *source, ptrdiff_t n, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic,
    ptrdiff_t r0, ptrdiff_t rows, ptrdiff_t c0, ptrdiff_t columns, float *out
) noexcept nogil:
    cdef ptrdiff_t i, r
    cdef ptrdiff_t left = smaller(larger(-c0, 0), columns)
    cdef ptrdiff_t first = larger(c0, 0)
    cdef ptrdiff_t inside = larger(smaller(c0 + columns, iw) - first, 0)
    for i in range(n):
        for r in range(r0, r0 + rows):
            if r < 0 or r >= ih or inside == 0:
                memset(out, 0, sizeof(float) * columns * ic)
            else:
                memset(out, 0, sizeof(float) * left * ic)
                memcpy(
                    out + left * ic, source + ((i * ih + r) * iw + first) * ic,
                    sizeof(float) * inside * ic)
                memset(
                    out + (left + inside) * ic, 0, sizeof(float) * (columns - left - inside) * ic)
            out += columns * ic


cdef void load_scaled(
    const uint8_t *bytes, float scale, float offset, ptrdiff_t n, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic,
    ptrdiff_t r0, ptrdiff_t rows, ptrdiff_t c0, ptrdiff_t columns, float *out
) noexcept nogil:
    cdef const fc_elementwise *ks = elementwise_table()
    cdef ptrdiff_t i, r
    cdef ptrdiff_t left = smaller(larger(-c0, 0), columns)
    cdef ptrdiff_t first = larger(c0, 0)
    cdef ptrdiff_t inside = larger(smaller(c0 + columns, iw) - first, 0)
    for i in range(n):
        for r in range(r0, r0 + rows):
            memset(out, 0, sizeof(float) * columns * ic)
            if 0 <= r < ih:
                ks.affine_u8(
                    inside * ic, bytes + ((i * ih + r) * iw + first) * ic, out + left * ic, scale,
                    offset)
            out += columns * ic


cdef void load_unpooled(
    const float *dy, const uint8_t *argmax, ptrdiff_t n, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic,
    ptrdiff_t r0, ptrdiff_t rows, ptrdiff_t c0, ptrdiff_t columns, float *out
) noexcept nogil:
    cdef const fc_winograd *ks = winograd_table()
    cdef ptrdiff_t ph = ih // 2, pw = iw // 2, i, r, at
    # the map fills columns left .. left + inside of out, as far as they exist; half of the last
    # window may lie one column beyond, which the next row overwrites
    cdef ptrdiff_t left = smaller(-c0, columns), inside
    cdef ptrdiff_t windows = smaller(pw, (columns - left + 1) // 2)
    inside = 2 * windows
    for i in range(n):
        for r in range(r0, r0 + rows):
            memset(out, 0, sizeof(float) * left * ic)
            if r < 0 or r >= 2 * ph:
                memset(out, 0, sizeof(float) * columns * ic)
            else:
                at = (i * ph + r // 2) * pw * ic
                ks.unpool_row(dy + at, argmax + at, windows, ic, r % 2, out + left * ic)
                memset(
                    out + (left + inside) * ic, 0,
                    sizeof(float) * larger(columns - left - inside, 0) * ic)
            out += columns * ic


cdef void _choose_blocks(const correlation *p, int team, blocking *b) noexcept nogil:
    cdef ptrdiff_t t, span_r = 0, span_c = 0, ic = p.kc * p.groups
    cdef ptrdiff_t row_floats, wanted
    for t in range(p.n_taps):
        span_r = larger(span_r, p.tap_r[t])
        span_c = larger(span_c, p.tap_c[t])
    b.src_columns = (p.ow - 1) * p.cs + span_c + 1
    b.padded = (
        p.bytes != NULL or p.top != 0 or p.left != 0 or (p.oh - 1) * p.rs + span_r - p.top >= p.ih
        or b.src_columns - p.left > p.iw)
    row_floats = b.src_columns * ic
    b.rows = p.oh
    b.images = larger(1, BLOCK_FLOATS // (((p.oh - 1) * p.rs + span_r + 1) * row_floats))
    # a few tasks for each thread, so that a slow one does not hold up the others
    wanted = 4 * team if team > 1 else 1
    b.panels = p.groups * ceil_div(p.nc, matmul_table().nr)
    b.parts = 1
    if p.groups * packed_floats(p.n_taps, p.kc, p.nc) > p.mb * p.ih * p.iw * ic:
        b.parts = smaller(b.panels, wanted)
        wanted = ceil_div(wanted, b.parts)
    b.images = smaller(b.images, larger(1, p.mb // wanted))
    if b.images == 1:
        b.rows = larger(1, (BLOCK_FLOATS // row_floats - span_r - 1) // p.rs + 1)
        b.rows = smaller(b.rows, larger(4, ceil_div(p.mb * p.oh, wanted)))
        b.rows = ceil_div(p.oh, ceil_div(p.oh, smaller(b.rows, p.oh)))  # of even size
    b.row_blocks = ceil_div(p.oh, b.rows)
    b.n_blocks = ceil_div(p.mb, b.images) * b.row_blocks
    b.src_rows = (b.rows - 1) * p.rs + span_r + 1


cdef void _fill_row(ptrdiff_t n, ptrdiff_t first, ptrdiff_t step, ptrdiff_t *to) noexcept nogil:
    cdef ptrdiff_t i
    for i in range(n):
        to[i] = first + i * step


cdef void _fill_offsets(const correlation *p, blocking *b) noexcept nogil:
    cdef ptrdiff_t ic = p.kc * p.groups, oc = p.nc * p.groups
    cdef ptrdiff_t columns = b.src_columns if b.padded else p.iw
    cdef ptrdiff_t rows = b.src_rows if b.padded else p.ih
    cdef ptrdiff_t t, run, i, r, at = 0
    # with one group, adjacent taps of a row are one contiguous run of floats
    run = 1
    if p.groups == 1:
        while (run < p.n_taps and p.tap_r[run] == p.tap_r[0]
               and p.tap_c[run] == p.tap_c[run - 1] + 1):
            run += 1
        for t in range(p.n_taps):
            if (p.n_taps % run or p.tap_r[t] != p.tap_r[t // run * run]
                    or p.tap_c[t] != p.tap_c[t // run * run] + t % run):
                run = 1
                break
    b.k = p.kc * run
    b.n_taps = p.n_taps // run
    for t in range(b.n_taps):
        b.taps[t] = (p.tap_r[t * run] * columns + p.tap_c[t * run]) * ic
    for i in range(b.images):
        for r in range(b.rows):
            _fill_row(
                p.ow, (i * rows + r * p.rs) * columns * ic, p.cs * ic, b.pixels + at)
            _fill_row(
                p.ow, (i * p.to_h + r * p.step_r) * p.to_w * oc, p.step_c * oc, b.results + at)
            at += p.ow


cdef void _tiles(
    const correlation *p, const blocking *b, const fc_matmul *ks, ptrdiff_t n_pixels,
    const float *a, float *to, ptrdiff_t first, ptrdiff_t last
) noexcept nogil:
    """Panels first .. last - 1 of all groups' weights; `a` and `to` point at the first pixel."""
    cdef bint dense = p.step_r == 1 and p.step_c == 1 and p.ow == p.to_w
    cdef ptrdiff_t panel, group, j, n, pixel, m, i, oc = p.groups * p.nc
    cdef ptrdiff_t step = oc if dense else p.step_c * oc, in_group = ceil_div(p.nc, ks.nr)
    cdef const float *weights
    cdef float tile[LARGEST_TILE]
    cdef fc_epilogue ep = p.ep
    for panel in range(first, last):
        group, j = panel // in_group, panel % in_group * ks.nr
        n = smaller(ks.nr, p.nc - j)
        weights = p.weights + group * packed_floats(p.n_taps, p.kc, p.nc) + j * b.n_taps * b.k
        if p.ep.bias != NULL:
            ep.bias = p.ep.bias + group * p.nc + j
        for pixel from 0 <= pixel < n_pixels by ks.mr:
            m = smaller(ks.mr, n_pixels - pixel)
            # pixels at equal distances in the result are stored directly, others through a buffer
            if dense or b.results[pixel + m - 1] - b.results[pixel] == (m - 1) * step:
                ks.row_tile(
                    m, n, b.k, b.n_taps, a + group * p.kc, b.pixels + pixel, b.taps, weights,
                    to + b.results[pixel] + group * p.nc + j, step, &ep)
            else:
                ks.row_tile(
                    m, n, b.k, b.n_taps, a + group * p.kc, b.pixels + pixel, b.taps, weights,
                    tile, ks.nr, &ep)
                for i in range(m):
                    memcpy(
                        to + b.results[pixel + i] + group * p.nc + j, tile + i * ks.nr,
                        sizeof(float) * n)


cdef int _block(
    const correlation *p, const blocking *b, const fc_matmul *ks, ptrdiff_t index, ptrdiff_t part
) noexcept nogil:
    cdef ptrdiff_t n0 = index // b.row_blocks * b.images, r0 = index % b.row_blocks * b.rows
    cdef ptrdiff_t images = smaller(b.images, p.mb - n0), rows = smaller(b.rows, p.oh - r0)
    cdef ptrdiff_t ic = p.kc * p.groups, oc = p.nc * p.groups
    cdef const float *a
    cdef float *copy
    cdef float *to = p.to + (
        (n0 * p.to_h + r0 * p.step_r + p.first_r) * p.to_w + p.first_c) * oc
    if b.padded:
        copy = <float *> scratch(
            FC_OWN, sizeof(float) * b.images * b.src_rows * b.src_columns * ic)
        if copy == NULL:
            return -1
        if p.bytes != NULL:
            load_scaled(
                p.bytes + n0 * p.ih * p.iw * ic, p.scale, p.offset, images, p.ih, p.iw, ic,
                r0 * p.rs - p.top, b.src_rows, -p.left, b.src_columns, copy)
        else:
            load_padded(
                p.source + n0 * p.ih * p.iw * ic, images, p.ih, p.iw, ic, r0 * p.rs - p.top,
                b.src_rows, -p.left, b.src_columns, copy)
        a = copy
    else:
        a = p.source + (n0 * p.ih + r0 * p.rs) * p.iw * ic
    _tiles(
        p, b, ks, images * rows * p.ow, a, to, part * b.panels // b.parts,
        (part + 1) * b.panels // b.parts)
    return 0


cdef int correlate(const correlation *p) noexcept nogil:
    cdef const fc_matmul *ks = matmul_table()
    cdef double work = <double> p.mb * p.oh * p.ow * p.groups * p.nc * p.kc * p.n_taps
    cdef int team = threads_for(work)
    cdef blocking b
    cdef ptrdiff_t index, n_pixels
    cdef unsigned csr = 0
    cdef int failed = 0
    if p.mb == 0 or p.oh == 0 or p.ow == 0:
        return 0
    _choose_blocks(p, team, &b)
    n_pixels = b.images * b.rows * p.ow
    b.taps = <ptrdiff_t *> scratch(FC_TABLE, sizeof(ptrdiff_t) * (p.n_taps + 2 * n_pixels))
    if b.taps == NULL:
        return -1
    b.pixels = b.taps + p.n_taps
    b.results = b.pixels + n_pixels
    _fill_offsets(p, &b)
    with parallel(num_threads=team):
        csr = flush_denormals()
        for index in prange(b.n_blocks * b.parts, schedule="dynamic"):
            failed |= _block(p, &b, ks, index // b.parts, index % b.parts)
        restore_denormals(csr)
    return failed
