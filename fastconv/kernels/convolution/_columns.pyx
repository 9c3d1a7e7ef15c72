"""Convolution, backward to the data, where the input has few channels: via columns.

With few channels the direct method would fill only a fraction of a vector. Here the vectors run
over taps and channels together: a row of dy (ow, oc) times the transposed filters (oc, kh*kw*ic)
gives what each pixel adds to its window, kh runs of kw*ic floats. The terms of a pixel of dx are
added in the order of dy's rows and columns, whatever the number of threads.
"""

from libc.stddef cimport ptrdiff_t
from libc.string cimport memset

from cython.parallel cimport parallel, prange

from fastconv.kernels._isa cimport FC_OWN, FC_TEAM, flush_denormals, restore_denormals, scratch
from fastconv.kernels._sizes cimport ceil_div, larger, round_up, smaller
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.convolution._geometry cimport geometry
from fastconv.kernels.elementwise._table_elementwise cimport elementwise_table, fc_elementwise
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul, matmul_table

cdef enum:
    MAX_MR = 16
    MOST_COLUMNS = 1 << 22  # floats: longer rows of dy are processed in pieces
    FEWEST_BLOCKS = 16  # images are cut into blocks of rows to get at least as many


cdef void _pack(const geometry *g, const fc_matmul *ks, const float *w, float *out) noexcept nogil:
    """w (kh*kw*ic, oc) transposed, in panels."""
    cdef ptrdiff_t j, n, width, taps = g.kh * g.kw * g.ic
    for j from 0 <= j < taps by ks.nr:
        n = smaller(ks.nr, taps - j)
        width = round_up(n, ks.vl)
        ks.pack_panel(g.oc, n, width, w + j * g.oc, 1, g.oc, out)
        out += g.oc * width


cdef ptrdiff_t _piece(const geometry *g, const fc_matmul *ks) noexcept nogil:
    """How many pixels of a row of dy are processed at once: all as a rule, else whole tiles."""
    cdef ptrdiff_t tiles = MOST_COLUMNS // (ks.mr * g.kh * g.kw * g.ic)
    return smaller(g.ow, larger(tiles, 1) * ks.mr)


cdef void _multiply(
    const geometry *g, const fc_matmul *ks, const float *dy, ptrdiff_t n, const float *packed,
    float *columns
) noexcept nogil:
    """columns (n, kh*kw*ic) of n pixels of dy (n, oc)."""
    cdef ptrdiff_t rows[MAX_MR]
    cdef ptrdiff_t i, j, zero = 0, taps = g.kh * g.kw * g.ic
    cdef fc_epilogue ep
    ep.alpha, ep.beta, ep.bias, ep.act = 1, 0, NULL, 0
    for i in range(ks.mr):
        rows[i] = i * g.oc
    for j from 0 <= j < taps by ks.nr:
        for i from 0 <= i < n by ks.mr:
            ks.row_tile(
                smaller(ks.mr, n - i), smaller(ks.nr, taps - j), g.oc, 1, dy + i * g.oc, rows,
                &zero, packed + j * g.oc, columns + i * taps + j, taps, &ep)


cdef void _add(
    const geometry *g, const fc_elementwise *ks, const float *columns, ptrdiff_t from_c, ptrdiff_t n,
    ptrdiff_t i, float *row
) noexcept nogil:
    """row (iw, ic) += the columns of tap row i of the n pixels from `from_c` on."""
    cdef ptrdiff_t c, j, v, first, last, taps = g.kh * g.kw * g.ic
    cdef const float *source
    cdef float *to
    columns += i * g.kw * g.ic
    for c in range(n):
        v = (from_c + c) * g.sw - g.pl
        if g.dw == 1:
            # adjacent taps are contiguous in both
            first, last = larger(0, -v), smaller(g.kw, g.iw - v)
            source, to = columns + c * taps, row + v * g.ic
            if first < last:
                ks.add(
                    (last - first) * g.ic, source + first * g.ic, to + first * g.ic,
                    to + first * g.ic)
        else:
            for j in range(g.kw):
                if 0 <= v + j * g.dw < g.iw:
                    source, to = columns + c * taps + j * g.ic, row + (v + j * g.dw) * g.ic
                    ks.add(g.ic, source, to, to)


cdef int _block(
    const geometry *g, const fc_matmul *ks, const float *dy, const float *packed, ptrdiff_t n,
    ptrdiff_t h0, ptrdiff_t h1, float *dx
) noexcept nogil:
    """Rows [h0, h1) of image n."""
    cdef const fc_elementwise *adding = elementwise_table()
    cdef ptrdiff_t r, i, h, c, n_c, piece = _piece(g, ks)
    cdef ptrdiff_t first = larger(0, ceil_div(h0 + g.pt - (g.kh - 1) * g.dh, g.sh))
    cdef ptrdiff_t last = smaller(g.oh, (h1 - 1 + g.pt) // g.sh + 1)
    cdef float *columns = <float *> scratch(
        FC_OWN, sizeof(float) * piece * g.kh * g.kw * g.ic)
    if columns == NULL:
        return -1
    dx += n * g.ih * g.iw * g.ic
    memset(dx + h0 * g.iw * g.ic, 0, sizeof(float) * (h1 - h0) * g.iw * g.ic)
    for r in range(first, last):
        for c from 0 <= c < g.ow by piece:
            n_c = smaller(piece, g.ow - c)
            _multiply(g, ks, dy + ((n * g.oh + r) * g.ow + c) * g.oc, n_c, packed, columns)
            for i in range(g.kh):
                h = r * g.sh - g.pt + i * g.dh
                if h0 <= h < h1:
                    _add(g, adding, columns, c, n_c, i, dx + h * g.iw * g.ic)
    return 0


cdef int bwd_data_columns(
    const geometry *g, const float *dy, const float *w, float *dx
) noexcept nogil:
    cdef const fc_matmul *ks = matmul_table()
    cdef ptrdiff_t taps = g.kh * g.kw * g.ic
    cdef int team = threads_for(<double> g.mb * g.oh * g.ow * g.oc * taps)
    cdef ptrdiff_t blocks = smaller(g.ih, ceil_div(FEWEST_BLOCKS, g.mb)), index, n, b
    cdef float *packed = <float *> scratch(FC_TEAM, sizeof(float) * g.oc * round_up(taps, ks.vl))
    cdef unsigned csr = 0
    cdef int failed = 0
    if packed == NULL:
        return -1
    _pack(g, ks, w, packed)
    with parallel(num_threads=team):
        csr = flush_denormals()
        for index in prange(g.mb * blocks, schedule="dynamic"):
            n = index // blocks
            b = index % blocks
            failed |= _block(
                g, ks, dy, packed, n, g.ih * b // blocks, g.ih * (b + 1) // blocks, dx)
        restore_denormals(csr)
    return failed
