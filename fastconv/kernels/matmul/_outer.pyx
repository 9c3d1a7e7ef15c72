"""c = a^T b with many rows of a and b: outer products of these rows, which are read in place.

The gradient of the weights of 1x1 convolutions and dense layers. The rows are taken a piece at a
time, which stays in the L2 cache while every tile of c adds its sum over the piece; the next piece
is fetched meanwhile, so memory and arithmetic overlap. A large c is computed in blocks that stay in
the L2 cache, too.

In any order, k is cut into parts whose number depends on the shapes only. Each has its own copy of
c, and the copies are added in order: the bits do not depend on the number of threads. These copies
hold the transpose of c where its tiles are fuller.
"""

from libc.stddef cimport ptrdiff_t
from libc.string cimport memcpy

from cython.parallel cimport prange

from fastconv.kernels._isa cimport FC_OWN, FC_TEAM, flush_denormals, restore_denormals, scratch
from fastconv.kernels._sizes cimport ceil_div, larger, round_up, smaller
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul, matmul_table

cdef enum:
    LINE = 64  # bytes

cdef ptrdiff_t SMALL = 64 * 1024     # floats of c, which is read and written once for each piece
cdef ptrdiff_t BLOCK = 256           # rows or columns of a block of a larger c, about
cdef ptrdiff_t MANY = 1024           # rows of a and b; fewer are no match for packed operands
cdef ptrdiff_t PIECE = 384           # rows, at most
cdef ptrdiff_t PIECE_FLOATS = 80 * 1024
cdef ptrdiff_t SHORT_PIECE = 96
cdef ptrdiff_t PARTS = 16
cdef ptrdiff_t PART_ROWS = 256        # at least, so that adding the parts stays cheap
cdef ptrdiff_t PART_FLOATS = 512 * 1024  # of all copies of c together, but at least two


cdef struct plan:
    outer p  # with a and b exchanged if it is `turned`
    bint turned, small
    ptrdiff_t parts, piece
    ptrdiff_t down, across  # rectangles of c, each a thread's
    float *copies  # of c and sums, one for each part; NULL: results are written at once


# What a tile fetches: unit u < units is at first + u*apart, and then every hop bytes.
cdef struct lines:
    const char *first
    ptrdiff_t units, apart, hop


cdef ptrdiff_t equal_pieces(ptrdiff_t k, ptrdiff_t largest) noexcept nogil:
    return round_up((k + (k + largest - 1) // largest - 1) // ((k + largest - 1) // largest), 4)


cdef bint outer_fits(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, bint any_order) noexcept nogil:
    return m * n <= 2 * SMALL or any_order and k >= MANY


cdef void _choose(const outer *p, plan *o, const fc_matmul *ks, int team) noexcept nogil:
    cdef ptrdiff_t straight = p.m * ceil_div(p.n, ks.vl), turned = p.n * ceil_div(p.m, ks.vl)
    cdef ptrdiff_t most, down, across, cost, least = -1, width = p.m + p.n
    o.p, o.turned, o.parts, o.copies = p[0], False, 1, NULL
    o.small = p.m * p.n <= SMALL
    if o.small and p.any_order:
        most = smaller(p.k // PART_ROWS, larger(2, PART_FLOATS // (p.m * p.n)))
        while 2 * o.parts <= smaller(PARTS, most):
            o.parts *= 2
    if o.small and p.ep.alpha == 1 and p.ep.beta == 0 and p.ep.bias == NULL and p.ep.act == 0:
        # what is saved, against reading and writing the copy
        o.turned = p.run == 0 and (straight - turned) * p.k > 2 * p.m * p.n
        if o.turned:
            o.p.m, o.p.n = p.n, p.m
            o.p.a, o.p.lda, o.p.b, o.p.ldb = p.b, p.ldb, p.a, p.lda
    if p.any_order:
        if not o.small:
            width = smaller(p.m, BLOCK) + smaller(p.n, BLOCK)
        o.piece = smaller(PIECE, larger(SHORT_PIECE, PIECE_FLOATS // width // 4 * 4))
        o.piece = equal_pieces(ceil_div(p.k, o.parts), o.piece)
    else:
        o.piece = equal_pieces(p.k, PIECE)
    # more threads than parts share each c: in the grid with the smallest rectangles
    team = <int> ceil_div(team, o.parts)
    for down in range(1, team + 1):
        across = team // down
        cost = ceil_div(ceil_div(o.p.m, ks.gemm_mr), down) * ceil_div(ceil_div(o.p.n, ks.nr), across)
        if team % down == 0 and (least < 0 or cost < least):
            least, o.down, o.across = cost, down, across


cdef lines _next(
    const float *first, ptrdiff_t following, ptrdiff_t width, ptrdiff_t stride, ptrdiff_t rows
) noexcept nogil:
    """The lines of the rows that follow, for tiles of `rows` steps."""
    cdef lines of
    cdef ptrdiff_t row_bytes = width * <ptrdiff_t> sizeof(float)
    of.first, of.units, of.apart, of.hop = <const char *> first, 0, LINE, stride * sizeof(float)
    if following > 0 and width == stride:
        of.units, of.apart, of.hop = ceil_div(following * row_bytes, LINE * rows), LINE * rows, LINE
    elif following > 0:
        of.units = ceil_div(row_bytes, LINE)
    return of


cdef const float *_copied(
    const float *from_, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t stride, float *to
) noexcept nogil:
    cdef ptrdiff_t i
    for i in range(rows):
        memcpy(to + i * width, from_ + i * stride, sizeof(float) * width)
    return to


cdef const float *_gathered(
    const outer *p, const float *a, ptrdiff_t x, ptrdiff_t rows, ptrdiff_t width, float *to
) noexcept nogil:
    """Rows of a from row x on, which come in runs; `a` is where row x would be without jumps."""
    cdef ptrdiff_t i
    for i in range(rows):
        memcpy(
            to + i * width, a + i * p.lda + (x + i) // p.run * p.jump, sizeof(float) * width)
    return to


cdef void _piece(
    const plan *o, const fc_matmul *ks, ptrdiff_t x, ptrdiff_t rows, ptrdiff_t m, ptrdiff_t n,
    const float *a, const float *b, float *c, ptrdiff_t ldc, const fc_epilogue *whole, float *room
) noexcept nogil:
    """A block of c, the sum over `rows` rows, of a and b from their row x on.

    Parts of rows are copied to `room`: where they lie, they compete for the same sets of the cache,
    or come in runs.
    """
    cdef ptrdiff_t tiles = ceil_div(m, ks.gemm_mr), t, i0, i1, j, unit = 0, hop
    cdef ptrdiff_t lda = o.p.lda, ldb = o.p.ldb
    cdef ptrdiff_t following = smaller(o.piece, o.p.k - x - rows)
    cdef lines a_lines = _next(a + rows * lda, following, m, lda, rows)
    cdef lines b_lines = _next(b + rows * ldb, following, n, ldb, rows)
    cdef const char *at
    cdef fc_epilogue ep = whole[0]
    if o.p.run:
        a_lines.units = 0
        a, lda = _gathered(&o.p, a, x, rows, m, room), m
        room += rows * m
    elif not o.small and m < lda:
        a, lda = _copied(a, rows, m, lda, room), m
        room += rows * m
    if not o.small and n < ldb:
        b, ldb = _copied(b, rows, n, ldb, room), n
    for t in range(tiles):
        # rows of c are divided evenly, instead of full tiles and a short last one
        i0, i1 = m * t // tiles, m * (t + 1) // tiles
        for j from 0 <= j < n by ks.nr:
            hop, at = 0, <const char *> a
            if unit < a_lines.units:
                hop, at = a_lines.hop, a_lines.first + unit * a_lines.apart
            elif unit < a_lines.units + b_lines.units:
                hop, at = b_lines.hop, b_lines.first + (unit - a_lines.units) * b_lines.apart
            unit += 1
            if whole.bias != NULL:
                ep.bias = whole.bias + j
            ks.outer_tile(
                i1 - i0, smaller(ks.nr, n - j), rows, a + i0, lda, b + j, ldb,
                c + i0 * ldc + j, ldc, at, hop, &ep)


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


cdef void _block(
    const plan *o, const outer *given, const fc_matmul *ks, ptrdiff_t part, ptrdiff_t m0,
    ptrdiff_t m1, ptrdiff_t n0, ptrdiff_t n1, float *room
) noexcept nogil:
    """Rows [m0, m1) and columns [n0, n1) of one part's c."""
    cdef const outer *p = &o.p
    cdef ptrdiff_t first = p.k * part // o.parts, last = p.k * (part + 1) // o.parts
    cdef ptrdiff_t x, rows, ldc = p.ldc
    cdef float *c = p.c
    cdef fc_epilogue ep = p.ep
    if o.copies != NULL:
        c, ldc = o.copies + part * (p.m * p.n + given.n), p.n
        ep.alpha, ep.beta = 1, 0
    for x from first <= x < last by o.piece:
        rows = smaller(o.piece, last - x)
        if x > first:
            ep.beta = 1
        ep.bias, ep.act = NULL, 0
        if o.copies == NULL and x + rows == last:
            ep.act = p.ep.act
            if p.ep.bias != NULL:
                ep.bias = p.ep.bias + n0
        _piece(
            o, ks, x, rows, m1 - m0, n1 - n0, p.a + x * p.lda + m0, p.b + x * p.ldb + n0,
            c + m0 * ldc + n0, ldc, &ep, room)


cdef void _part_sums(
    const plan *o, const outer *given, const fc_matmul *ks, ptrdiff_t part
) noexcept nogil:
    """The sums of b's columns over one part."""
    cdef ptrdiff_t first = given.k * part // o.parts, last = given.k * (part + 1) // o.parts, x
    cdef float *sums = given.sums
    if o.copies != NULL:
        sums = o.copies + part * (given.m * given.n + given.n) + given.m * given.n
    for x from first <= x < last by o.piece:
        _column_sums(
            ks, given.b + x * given.ldb, given.ldb, smaller(o.piece, last - x), given.n, sums,
            x == first)


cdef int _task(
    const plan *o, const outer *given, const fc_matmul *ks, ptrdiff_t index
) noexcept nogil:
    """One part of k, one rectangle of c, block by block."""
    cdef const outer *p = &o.p
    cdef ptrdiff_t mr = ks.gemm_mr, nr = ks.nr
    cdef ptrdiff_t i = index // o.across % o.down, j = index % o.across
    cdef ptrdiff_t part = index // o.across // o.down
    cdef ptrdiff_t m_tiles = ceil_div(p.m, mr), n_tiles = ceil_div(p.n, nr)
    cdef ptrdiff_t i0 = m_tiles * i // o.down, i1 = m_tiles * (i + 1) // o.down
    cdef ptrdiff_t j0 = n_tiles * j // o.across, j1 = n_tiles * (j + 1) // o.across
    cdef ptrdiff_t downs = 1, acrosses = 1, s, t, floats
    cdef float *room = NULL
    if not o.small:
        downs = larger(1, (2 * (i1 - i0) * mr + BLOCK) // (2 * BLOCK))
        acrosses = larger(1, (2 * (j1 - j0) * nr + BLOCK) // (2 * BLOCK))
    if not o.small or p.run:
        floats = o.piece * (
            ceil_div(i1 - i0, downs) * mr + ceil_div(j1 - j0, acrosses) * nr)
        room = <float *> scratch(FC_OWN, sizeof(float) * floats)
        if room == NULL:
            return -1
    if given.sums != NULL and i == j == 0:
        _part_sums(o, given, ks, part)
    for s in range(downs):
        for t in range(acrosses):
            _block(
                o, given, ks, part,
                (i0 + (i1 - i0) * s // downs) * mr,
                smaller((i0 + (i1 - i0) * (s + 1) // downs) * mr, p.m),
                (j0 + (j1 - j0) * t // acrosses) * nr,
                smaller((j0 + (j1 - j0) * (t + 1) // acrosses) * nr, p.n),
                room)
    return 0


cdef void _add_row(const plan *o, const outer *given, ptrdiff_t i) noexcept nogil:
    """Row i of c, the sum of the copies in order."""
    cdef ptrdiff_t stride = o.p.m * o.p.n + given.n, j, _part
    cdef ptrdiff_t row = 1 if o.turned else o.p.n, column = o.p.n if o.turned else 1
    cdef float *to = given.c + i * given.ldc
    cdef const float *copy = o.copies + i * row
    for j in range(given.n):
        to[j] = copy[j * column]
    for _part in range(1, o.parts):
        copy += stride
        for j in range(given.n):
            to[j] += copy[j * column]


cdef void _add_copies(const plan *o, const outer *given, int team) noexcept nogil:
    """c and sums, the sums of the copies in order; a thread takes whole rows of c."""
    cdef ptrdiff_t size = o.p.m * o.p.n, stride = size + given.n, i, j, part
    if team == 1:
        for i in range(given.m):
            _add_row(o, given, i)
    else:
        for i in prange(given.m, num_threads=team, schedule="static"):
            _add_row(o, given, i)
    if given.sums != NULL:
        for j in range(given.n):
            given.sums[j] = o.copies[size + j]
            for part in range(1, o.parts):
                given.sums[j] += o.copies[part * stride + size + j]


cdef int _in_parallel(
    const plan *o, const outer *given, const fc_matmul *ks, ptrdiff_t tasks, int team
) noexcept nogil:
    cdef ptrdiff_t index
    cdef unsigned csr = 0
    cdef int failed = 0
    for index in prange(tasks, num_threads=team, schedule="static"):
        csr = flush_denormals()
        failed |= _task(o, given, ks, index)
        restore_denormals(csr)
    return failed


cdef int outer_parallel(const outer *p) noexcept nogil:
    cdef const fc_matmul *ks = matmul_table()
    cdef int team = threads_for(<double> p.m * p.n * p.k)
    cdef ptrdiff_t index, tasks
    cdef unsigned csr = 0
    cdef int failed = 0
    cdef plan o
    _choose(p, &o, ks, team)
    if o.parts > 1 or o.turned:
        o.copies = <float *> scratch(
            FC_TEAM, sizeof(float) * o.parts * (o.p.m * o.p.n + p.n))
        if o.copies == NULL:
            return -1
    tasks = o.parts * o.down * o.across
    if team == 1:
        csr = flush_denormals()
        for index in range(tasks):
            failed |= _task(&o, p, ks, index)
        restore_denormals(csr)
    else:
        failed = _in_parallel(&o, p, ks, tasks, team)
    if o.copies != NULL and not failed:
        _add_copies(&o, p, threads_for(<double> p.m * p.n * o.parts))
    return failed
