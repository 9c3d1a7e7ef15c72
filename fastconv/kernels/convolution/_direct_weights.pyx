"""The direct weight gradient: an outer product per pixel, summed in registers.

Pixels are processed in chunks. x is read from a copy with its zero padding; the current channels
are packed into panels, those of dy as wide as a tile, those of x as high: pixels a power of two
apart would be mapped to a few sets of the L1 cache. In a panel of x every tap is a constant offset.
The batch is cut into parts whose number depends on the shapes only; each part sums into its own
copy of dw, and the copies are added in order, so the bits do not depend on the number of threads.
Of few pixels the sums of all are written to dw at once, and threads share its columns.
"""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t
from libc.string cimport memset

from cython.parallel cimport parallel, prange

from fastconv.kernels._isa cimport (
    FC_INNER, FC_OWN, FC_TABLE, FC_TEAM, flush_denormals, restore_denormals, scratch,
)
from fastconv.kernels._sizes cimport ceil_div, larger, round_up, smaller
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.convolution._direct cimport load_padded, load_scaled
from fastconv.kernels.convolution._geometry cimport geometry
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul, matmul_table

cdef enum:
    CHUNK = 128       # pixels per pass: a panel of dy and one of x stay in the L1 cache
    LONG_CHUNK = 512  # at most, where packing costs most: each pass packs kh - 1 rows again
    SLACK = 16        # floats that packing may write beyond a panel

cdef ptrdiff_t BLOCK_FLOATS = 48 * 1024
cdef ptrdiff_t LARGE_BLOCK_FLOATS = 192 * 1024
cdef ptrdiff_t PARTS = 16
cdef ptrdiff_t PART_PIXELS = 2048  # at least, so that adding the parts stays cheap
cdef ptrdiff_t PART_FLOATS = 4 << 20  # limit for all copies of dw together, but at least two copies


ctypedef struct plan:
    ptrdiff_t images, rows, row_blocks, n_blocks, parts
    ptrdiff_t panels, shares         # panels of dw's columns in a group; shares of them, for one part
    bint padded
    ptrdiff_t src_rows, src_columns
    ptrdiff_t m, n_runs              # rows of dw contiguous in x (a run), and the number of runs
    ptrdiff_t chunk, reach           # pixels of a pass, and of x, or its copy, between their windows' ends
    ptrdiff_t *pixels                # indices of a block's pixels in x or its copy
    float *partial                   # for each of several parts a copy of dw and of db
    const uint8_t *bytes             # unless NULL, x is scale * bytes + offset
    float scale, offset


cdef void _choose(const geometry *g, plan *b) noexcept nogil:
    cdef ptrdiff_t span_r = (g.kh - 1) * g.dh, span_c = (g.kw - 1) * g.dw
    cdef ptrdiff_t dw_floats = g.kh * g.kw * (g.ic // g.groups) * g.oc
    b.src_columns = (g.ow - 1) * g.sw + span_c + 1
    b.padded = (
        b.bytes != NULL or g.pt != 0 or g.pl != 0 or (g.oh - 1) * g.sh + span_r >= g.ih or b.src_columns > g.iw)
    cdef ptrdiff_t row_floats = b.src_columns * g.ic + g.ow * g.oc
    cdef ptrdiff_t images = larger(1, g.mb // PARTS), floats = BLOCK_FLOATS
    b.panels, b.shares = ceil_div(g.oc // g.groups, matmul_table().nr), 1
    if b.panels > 1 and g.mb * g.oh * g.ow < 2 * PART_PIXELS:
        # every block loads and stores all of dw: the fewer, the better
        b.shares = smaller(b.panels, PARTS)
        images, floats = g.mb, LARGE_BLOCK_FLOATS
    b.rows = g.oh
    b.images = larger(1, floats // ((g.oh * g.sh + span_r) * row_floats))
    b.images = smaller(b.images, images)
    if b.images == 1:
        b.rows = larger(1, floats // row_floats // g.sh)
        b.rows = ceil_div(g.oh, ceil_div(g.oh, smaller(b.rows, g.oh)))
    b.row_blocks = ceil_div(g.oh, b.rows)
    b.n_blocks = ceil_div(g.mb, b.images) * b.row_blocks
    b.parts = 1
    if b.shares == 1:
        b.parts = smaller(PARTS, g.mb * g.oh * g.ow // PART_PIXELS)
        b.parts = smaller(larger(2, smaller(b.parts, PART_FLOATS // dw_floats)), b.n_blocks)
    b.src_rows = (b.rows - 1) * g.sh + span_r + 1
    if g.dw == 1 and g.groups == 1:
        b.m, b.n_runs = g.kw * g.ic, g.kh
    else:
        b.m, b.n_runs = g.ic // g.groups, g.kh * g.kw
    b.chunk = CHUNK
    if b.m <= matmul_table().gemm_mr and b.n_runs == g.kh:
        b.chunk = larger(CHUNK, smaller(span_r * b.src_columns, LONG_CHUNK))


cdef void _sum_rows(const fc_matmul *ks, const float *dy, ptrdiff_t rows, ptrdiff_t n,
                    const ptrdiff_t *zeros, float *db, const fc_epilogue *ep) noexcept nogil:
    """db += column sums of dy (rows, n), as a product with a row of ones."""
    cdef float one = 1
    cdef ptrdiff_t j
    for j from 0 <= j < n by ks.nr:
        ks.column_tile(1, smaller(ks.nr, n - j), rows, &one, zeros, dy + j, n, db + j, n, ep)


cdef void _block(
    const geometry *g, const plan *b, const fc_matmul *ks, const float *a, const float *dy,
    ptrdiff_t n_pixels, float *dy_panels, float *x_panel, float *dw, bint fresh, ptrdiff_t share
) noexcept nogil:
    """dw += (a's pixels)^T dy, for every run of taps and every group; overwrites a `fresh` dw.

    Only a share of the columns of every group.
    """
    cdef ptrdiff_t columns = b.src_columns if b.padded else g.iw
    cdef ptrdiff_t kc = g.ic // g.groups, nc = g.oc // g.groups, mr = ks.gemm_mr
    cdef ptrdiff_t n_tiles = ceil_div(b.m, mr)
    cdef ptrdiff_t j0 = b.panels * share // b.shares * ks.nr
    cdef ptrdiff_t j1 = smaller(nc, b.panels * (share + 1) // b.shares * ks.nr)
    cdef ptrdiff_t points[LONG_CHUNK]
    cdef ptrdiff_t first, count, group, j, n, run, t, m0, m1, p, span
    cdef bint in_place = g.oc <= ks.nr  # dy is a panel already
    cdef ptrdiff_t ldb = g.oc if in_place else ks.nr
    cdef const float *panel
    cdef fc_epilogue ep
    ep.alpha, ep.beta, ep.bias, ep.act = 1, 1, NULL, 0
    for first from 0 <= first < n_pixels by b.chunk:
        count = smaller(b.chunk, n_pixels - first)
        ep.beta = 0 if fresh and first == 0 else 1
        for p in range(count):
            points[p] = (b.pixels[first + p] - b.pixels[first]) * mr
        span = points[count - 1] // mr + 1 + _shift(g, b, b.n_runs - 1, columns)
        for group in range(g.groups):
            if not in_place:
                for j from j0 <= j < j1 by ks.nr:
                    ks.pack_panel(
                        count, smaller(ks.nr, nc - j), ks.nr, dy + first * g.oc + group * nc + j,
                        g.oc, 1, dy_panels + j * b.chunk)
            # rows of dw are divided evenly, instead of full tiles and a short last one
            for t in range(n_tiles):
                m0, m1 = b.m * t // n_tiles, b.m * (t + 1) // n_tiles
                ks.gemm_pack_a(
                    m1 - m0, span, a + b.pixels[first] * g.ic + group * kc + m0, 1, g.ic, x_panel)
                for j from j0 <= j < j1 by ks.nr:
                    n = smaller(ks.nr, nc - j)
                    if in_place:
                        panel = dy + first * g.oc + group * nc
                    else:
                        panel = dy_panels + j * b.chunk
                    for run in range(b.n_runs):
                        ks.column_tile(
                            m1 - m0, n, count, x_panel + _shift(g, b, run, columns) * mr, points,
                            panel, ldb, dw + (run * b.m + m0) * g.oc + group * nc + j, g.oc, &ep)


cdef ptrdiff_t _shift(
    const geometry *g, const plan *b, ptrdiff_t run, ptrdiff_t columns
) noexcept nogil:
    """Offset of the taps with index `run` from the first run, in pixels."""
    if b.n_runs == g.kh:
        return run * g.dh * columns
    return run // g.kw * g.dh * columns + run % g.kw * g.dw


cdef int _part(
    const geometry *g, const plan *b, const fc_matmul *ks, const float *x, const float *dy,
    ptrdiff_t part, ptrdiff_t share, float *dw, float *db
) noexcept nogil:
    """A part's sums, for a share of the columns: into dw and db, or its own copy of them."""
    cdef ptrdiff_t dw_floats = g.kh * g.kw * (g.ic // g.groups) * g.oc
    cdef ptrdiff_t first = b.n_blocks * part // b.parts, last = b.n_blocks * (part + 1) // b.parts
    cdef ptrdiff_t index, n0, r0, images, rows, n_pixels, whole
    cdef const float *a
    cdef const float *d
    cdef float *copy = NULL
    cdef ptrdiff_t dy_floats = b.chunk * round_up(g.oc // g.groups, ks.nr)
    cdef float *panels = <float *> scratch(
        FC_INNER, sizeof(float) * (dy_floats + b.reach * ks.gemm_mr + SLACK))
    cdef fc_epilogue ep
    cdef ptrdiff_t *zeros
    ep.alpha, ep.beta, ep.bias, ep.act = 1, 1, NULL, 0
    whole = b.images * b.rows * g.ow
    zeros = b.pixels + whole
    if b.parts > 1:
        dw = b.partial + part * (dw_floats + g.oc)
        db = dw + dw_floats if db != NULL else NULL
    elif share > 0:
        db = NULL  # the first share sums it
    if db != NULL:
        memset(db, 0, sizeof(float) * g.oc)
    if panels == NULL:
        return -1
    if b.padded:
        copy = <float *> scratch(
            FC_OWN, sizeof(float) * b.images * b.src_rows * b.src_columns * g.ic)
        if copy == NULL:
            return -1
    for index in range(first, last):
        n0, r0 = index // b.row_blocks * b.images, index % b.row_blocks * b.rows
        images, rows = smaller(b.images, g.mb - n0), smaller(b.rows, g.oh - r0)
        n_pixels = images * rows * g.ow
        if b.padded:
            if b.bytes != NULL:
                load_scaled(
                    b.bytes + n0 * g.ih * g.iw * g.ic, b.scale, b.offset, images, g.ih, g.iw, g.ic,
                    r0 * g.sh - g.pt, b.src_rows, -g.pl, b.src_columns, copy)
            else:
                load_padded(
                    x + n0 * g.ih * g.iw * g.ic, images, g.ih, g.iw, g.ic, r0 * g.sh - g.pt,
                    b.src_rows, -g.pl, b.src_columns, copy)
            a = copy
        else:
            a = x + (n0 * g.ih + r0 * g.sh) * g.iw * g.ic
        d = dy + (n0 * g.oh + r0) * g.ow * g.oc
        _block(g, b, ks, a, d, n_pixels, panels, panels + dy_floats, dw, index == first, share)
        if db != NULL:
            _sum_rows(ks, d, n_pixels, g.oc, zeros, db, &ep)
    return 0


cdef void _add_parts(const float *partial, ptrdiff_t parts, ptrdiff_t stride, ptrdiff_t n, float *out,
                     int team) noexcept nogil:
    cdef ptrdiff_t piece, i, part, n_pieces = ceil_div(n, 4096)
    for piece in prange(n_pieces, num_threads=team, schedule="static"):
        for i in range(piece * 4096, smaller(n, (piece + 1) * 4096)):
            out[i] = partial[i]
        for part in range(1, parts):
            for i in range(piece * 4096, smaller(n, (piece + 1) * 4096)):
                out[i] += partial[part * stride + i]


cdef int bwd_weights_direct(
    const geometry *g, const float *x, const uint8_t *bytes, float scale, float offset,
    const float *dy, float *dw, float *db
) noexcept nogil:
    cdef const fc_matmul *ks = matmul_table()
    cdef ptrdiff_t dw_floats = g.kh * g.kw * (g.ic // g.groups) * g.oc
    cdef int team = threads_for(<double> g.mb * g.oh * g.ow * dw_floats)
    cdef plan b
    cdef ptrdiff_t i, r, c, at = 0, task, whole, columns, rows
    cdef ptrdiff_t stride = dw_floats + g.oc
    cdef unsigned csr = 0
    cdef int failed = 0
    b.bytes, b.scale, b.offset = bytes, scale, offset
    _choose(g, &b)
    whole = b.images * b.rows * g.ow
    b.pixels = <ptrdiff_t *> scratch(FC_TABLE, sizeof(ptrdiff_t) * 2 * whole)
    if b.pixels == NULL:
        return -1
    if b.parts > 1:
        b.partial = <float *> scratch(FC_TEAM, sizeof(float) * b.parts * stride)
        if b.partial == NULL:
            return -1
    columns = b.src_columns if b.padded else g.iw
    rows = b.src_rows if b.padded else g.ih
    for i in range(b.images):
        for r in range(b.rows):
            for c in range(g.ow):
                b.pixels[at] = (i * rows + r * g.sh) * columns + c * g.sw
                b.pixels[whole + at] = 0
                at += 1
    b.reach = 0
    for i from 0 <= i < whole by b.chunk:
        b.reach = larger(b.reach, b.pixels[smaller(i + b.chunk, whole) - 1] - b.pixels[i] + 1)
    b.reach += _shift(g, &b, b.n_runs - 1, columns)
    with parallel(num_threads=team):
        csr = flush_denormals()
        for task in prange(b.parts * b.shares, schedule="dynamic"):
            failed |= _part(g, &b, ks, x, dy, task // b.shares, task % b.shares, dw, db)
        restore_denormals(csr)
    if failed:
        return -1
    if b.parts > 1:
        _add_parts(b.partial, b.parts, stride, dw_floats, dw, team)
        if db != NULL:
            _add_parts(b.partial + dw_floats, b.parts, stride, g.oc, db, 1)
    return 0
