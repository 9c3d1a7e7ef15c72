"""c = a^T b with a small c: outer products of the rows of a and b, which are read in place.

The gradient of the weights of 1x1 convolutions and dense layers: many rows, each of a few hundred
floats. They are taken a piece at a time, which stays in the L2 cache while every tile of c adds its
sum over the piece; the next piece is fetched meanwhile, so memory and arithmetic overlap.

In any order, k is cut into parts whose number depends on the shapes only. Each has its own copy of
c, and the copies are added in order: the bits do not depend on the number of threads. These copies
hold the transpose of c where its tiles are fuller.
"""

from libc.stddef cimport ptrdiff_t

from cython.parallel cimport prange

from fastconv.kernels._isa cimport FC_TEAM, flush_denormals, restore_denormals, scratch
from fastconv.kernels._sizes cimport ceil_div, larger, round_up, smaller
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul, matmul_table

cdef enum:
    LINE = 64  # bytes

cdef ptrdiff_t LARGEST = 128 * 1024  # floats of c, which is read and written once for each piece
cdef ptrdiff_t PIECE = 384           # rows, at most
cdef ptrdiff_t PIECE_FLOATS = 80 * 1024
cdef ptrdiff_t SHORT_PIECE = 96
cdef ptrdiff_t PARTS = 16
cdef ptrdiff_t PART_ROWS = 256        # at least, so that adding the parts stays cheap
cdef ptrdiff_t PART_FLOATS = 512 * 1024  # of all copies of c together, but at least two


cdef struct plan:
    outer p  # with a and b exchanged if it is `turned`
    bint turned
    ptrdiff_t parts, piece, strips
    float *copies  # of c and sums, one for each part; NULL: results are written at once


cdef ptrdiff_t equal_pieces(ptrdiff_t k, ptrdiff_t largest) noexcept nogil:
    return round_up((k + (k + largest - 1) // largest - 1) // ((k + largest - 1) // largest), 4)


cdef bint outer_fits(ptrdiff_t m, ptrdiff_t n) noexcept nogil:
    return m * n <= LARGEST


cdef void _choose(const outer *p, plan *o, const fc_matmul *ks, int team) noexcept nogil:
    cdef ptrdiff_t straight = p.m * ceil_div(p.n, ks.vl), turned = p.n * ceil_div(p.m, ks.vl)
    cdef ptrdiff_t most
    o.p, o.turned, o.parts, o.copies = p[0], False, 1, NULL
    if p.any_order:
        most = smaller(p.k // PART_ROWS, larger(2, PART_FLOATS // (p.m * p.n)))
        while 2 * o.parts <= smaller(PARTS, most):
            o.parts *= 2
        o.turned = 10 * turned < 9 * straight
        if o.turned:
            o.p.m, o.p.n = p.n, p.m
            o.p.a, o.p.lda, o.p.b, o.p.ldb = p.b, p.ldb, p.a, p.lda
        o.piece = PIECE_FLOATS // (p.m + p.n) // 4 * 4
        o.piece = equal_pieces(
            ceil_div(p.k, o.parts), smaller(PIECE, larger(SHORT_PIECE, o.piece)))
    else:
        o.piece = equal_pieces(p.k, PIECE)
    # more threads than parts share the rows of c
    o.strips = smaller(ceil_div(team, o.parts), ceil_div(o.p.m, ks.gemm_mr))


cdef ptrdiff_t _lines(ptrdiff_t rows, ptrdiff_t width, ptrdiff_t stride) noexcept nogil:
    """Cache lines of the next rows, which are fetched where they have no gaps."""
    return rows * width * <ptrdiff_t> sizeof(float) // LINE if stride == width else 0


cdef void _piece(
    const plan *o, const fc_matmul *ks, ptrdiff_t x, ptrdiff_t rows, ptrdiff_t m0, ptrdiff_t m1,
    float *c, ptrdiff_t ldc, const fc_epilogue *whole
) noexcept nogil:
    """Rows [m0, m1) of c, at c, the sum over `rows` rows of a and b from x on."""
    cdef const outer *p = &o.p
    cdef ptrdiff_t tiles = ceil_div(m1 - m0, ks.gemm_mr), t, i0, i1, j, fetched = 0, hop
    cdef ptrdiff_t following = smaller(o.piece, p.k - x - rows)
    cdef ptrdiff_t a_lines = _lines(following, p.m, p.lda), b_lines = _lines(following, p.n, p.ldb)
    cdef const float *a = p.a + x * p.lda
    cdef const float *b = p.b + x * p.ldb
    cdef const char *a_next = <const char *> (a + rows * p.lda)
    cdef const char *b_next = <const char *> (b + rows * p.ldb)
    cdef const char *at
    cdef fc_epilogue ep = whole[0]
    for t in range(tiles):
        # rows of c are divided evenly, instead of full tiles and a short last one
        i0, i1 = m0 + (m1 - m0) * t // tiles, m0 + (m1 - m0) * (t + 1) // tiles
        for j from 0 <= j < p.n by ks.nr:
            hop, at = LINE, NULL
            if fetched < a_lines:
                at = a_next + fetched * LINE
            elif fetched < a_lines + b_lines:
                at = b_next + (fetched - a_lines) * LINE
            else:
                hop, at = 0, <const char *> a
            fetched += rows
            if whole.bias != NULL:
                ep.bias = whole.bias + j
            ks.outer_tile(
                i1 - i0, smaller(ks.nr, p.n - j), rows, a + i0, p.lda, b + j, p.ldb,
                c + (i0 - m0) * ldc + j, ldc, at, hop, &ep)


cdef void _column_sums(
    const fc_matmul *ks, const float *b, ptrdiff_t ldb, ptrdiff_t rows, ptrdiff_t n, float *sums,
    bint fresh
) noexcept nogil:
    """sums (n) += column sums of b, as a product with a row of ones."""
    cdef float one = 1
    cdef ptrdiff_t j
    cdef fc_epilogue ep
    ep.alpha, ep.beta, ep.bias, ep.act = 1, 0 if fresh else 1, NULL, 0
    for j from 0 <= j < n by ks.nr:
        ks.outer_tile(
            1, smaller(ks.nr, n - j), rows, &one, 0, b + j, ldb, sums + j, n,
            <const char *> &one, 0, &ep)


cdef void _task(
    const plan *o, const outer *given, const fc_matmul *ks, ptrdiff_t index
) noexcept nogil:
    """One part of k, one strip of the rows of c."""
    cdef const outer *p = &o.p
    cdef ptrdiff_t part = index // o.strips, strip = index % o.strips, mr = ks.gemm_mr
    cdef ptrdiff_t tiles = ceil_div(p.m, mr)
    cdef ptrdiff_t m0 = tiles * strip // o.strips * mr
    cdef ptrdiff_t m1 = smaller(tiles * (strip + 1) // o.strips * mr, p.m)
    cdef ptrdiff_t first = p.k * part // o.parts, last = p.k * (part + 1) // o.parts
    cdef ptrdiff_t x, rows, ldc = p.ldc
    cdef float *c = p.c
    cdef float *sums = p.sums
    cdef fc_epilogue ep = p.ep
    if o.copies != NULL:
        c, ldc = o.copies + part * (p.m * p.n + given.n), p.n
        sums = c + p.m * p.n
        ep.alpha, ep.beta, ep.bias, ep.act = 1, 0, NULL, 0
    for x from first <= x < last by o.piece:
        rows = smaller(o.piece, last - x)
        if x > first:
            ep.beta = 1
        if o.copies == NULL and x + rows == last:
            ep.bias, ep.act = p.ep.bias, p.ep.act
        else:
            ep.bias, ep.act = NULL, 0
        _piece(o, ks, x, rows, m0, m1, c + m0 * ldc, ldc, &ep)
        if given.sums != NULL and strip == 0:
            _column_sums(ks, given.b + x * given.ldb, given.ldb, rows, given.n, sums, x == first)


cdef void _add_copies(const plan *o, const outer *given, int team) noexcept nogil:
    """c and sums, the sums of the copies in order; a thread takes whole rows of c."""
    cdef ptrdiff_t size = o.p.m * o.p.n, stride = size + given.n
    cdef ptrdiff_t row = 1 if o.turned else o.p.n, column = o.p.n if o.turned else 1
    cdef ptrdiff_t i, j, part
    cdef const float *copy
    cdef float *to
    for i in prange(given.m, num_threads=team, schedule="static"):
        to = given.c + i * given.ldc
        copy = o.copies + i * row
        for j in range(given.n):
            to[j] = copy[j * column]
        for part in range(1, o.parts):
            copy = o.copies + part * stride + i * row
            for j in range(given.n):
                to[j] += copy[j * column]
    if given.sums != NULL:
        for j in range(given.n):
            given.sums[j] = o.copies[size + j]
            for part in range(1, o.parts):
                given.sums[j] += o.copies[part * stride + size + j]


cdef int outer_parallel(const outer *p) noexcept nogil:
    cdef const fc_matmul *ks = matmul_table()
    cdef int team = threads_for(<double> p.m * p.n * p.k)
    cdef ptrdiff_t index, tasks
    cdef unsigned csr = 0
    cdef plan o
    _choose(p, &o, ks, team)
    if o.parts > 1 or o.turned:
        o.copies = <float *> scratch(
            FC_TEAM, sizeof(float) * o.parts * (o.p.m * o.p.n + p.n))
        if o.copies == NULL:
            return -1
    tasks = o.parts * o.strips
    for index in prange(tasks, num_threads=team, schedule="static"):
        csr = flush_denormals()
        _task(&o, p, ks, index)
        restore_denormals(csr)
    if o.copies != NULL:
        _add_copies(&o, p, threads_for(<double> p.m * p.n * o.parts))
    return 0
