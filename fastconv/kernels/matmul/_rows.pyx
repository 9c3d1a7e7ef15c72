"""c = a b with many rows and a small b: 1x1 convolutions and their gradients.

The team packs b once, or each thread does if b is smaller than the way between two caches is long.
Then each thread takes panels of gemm_mr rows of a, read in place, and
multiplies each with all of b, so the panel comes from the L1 cache, b from L2 or L3, and the next
panel is fetched meanwhile: memory and arithmetic overlap. Rows a multiple of 4 KB apart, which
compete for the same sets of L1, are copied first.

A large b, of which every float is used only a few hundred times, is packed and used block by block,
and the next block is fetched meanwhile.

A result that no cache could hold is written past the caches, which saves reading it first.
"""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uintptr_t
from libc.string cimport memcpy

from cython.parallel cimport prange

from fastconv.kernels._isa cimport (
    FC_INNER, FC_OWN, FC_TEAM, flush_denormals, restore_denormals, scratch,
)
from fastconv.kernels._sizes cimport ceil_div, round_up, smaller
from fastconv.kernels.matmul._outer cimport equal_pieces
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul, matmul_table

cdef enum:
    LINE = 64         # bytes
    LINE_FLOATS = 16
    WAY = 1024        # floats between addresses of the same set, in L1 caches of 4 KB per way

cdef ptrdiff_t COLUMNS = 256          # of a block of a large b
cdef ptrdiff_t LARGEST = 1024 * 1024  # floats of b
cdef ptrdiff_t SMALL = 64 * 1024      # floats of b; larger ones are packed once for all threads
cdef ptrdiff_t FEW_COLUMNS = 64       # packing a never pays
cdef ptrdiff_t PIECE = 384            # of k, as in gemm
cdef ptrdiff_t PANELS = 8             # of a, at least, for each thread
cdef ptrdiff_t MANY_PANELS = 32       # the same, if b is too large for L2
cdef ptrdiff_t AHEAD = 2048           # cycles between a prefetch and the use, at least
cdef ptrdiff_t STREAMED = 6 * 1024 * 1024  # floats of c


cdef bint rows_fit(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int team) noexcept nogil:
    cdef ptrdiff_t least
    if n <= FEW_COLUMNS:
        return True
    least = PANELS if k * n <= SMALL else MANY_PANELS
    return k * n <= LARGEST and m >= least * team * matmul_table().gemm_mr


cdef bint _streams(const rows *p) noexcept nogil:
    return (
        p.m * p.n >= STREAMED and p.k <= PIECE
        and p.n % LINE_FLOATS == p.ldc % LINE_FLOATS == p.c_jump % LINE_FLOATS == 0
        and <uintptr_t> p.c % LINE == 0 and p.ep.alpha == 1 and p.ep.beta == 0)


cdef bint _collide(ptrdiff_t k, ptrdiff_t lda) noexcept nogil:
    """Whether a panel's rows compete for the same sets of the L1 cache."""
    cdef ptrdiff_t apart = lda % WAY
    return k > LINE_FLOATS and lda != 0 and (
        apart < LINE_FLOATS or apart > WAY - LINE_FLOATS)


cdef void _panel(
    const rows *p, const fc_matmul *ks, const float *packed, bint streams, ptrdiff_t m,
    const float *a, ptrdiff_t lda, float *c, const char *next, ptrdiff_t lines
) noexcept nogil:
    """m rows of c, from the same rows of a; fetches `lines` cache lines."""
    cdef ptrdiff_t largest = equal_pieces(p.k, PIECE), x, k, j, n, hop, done = 0
    cdef const float *panel = packed
    cdef const char *at
    cdef fc_epilogue ep
    for x from 0 <= x < p.k by largest:
        k = smaller(largest, p.k - x)
        ep = p.ep
        if x > 0:
            ep.beta = 1
        if x + k < p.k:
            ep.bias, ep.act = NULL, 0
        for j from 0 <= j < p.n by ks.nr:
            n = smaller(ks.nr, p.n - j)
            hop, at = 0, <const char *> a
            if done < lines:
                hop, at = LINE, next + done * LINE
                done += k
            ks.rows_tile(
                m, n, k, a + x, lda, panel, c + j, p.ldc, at, hop, streams, &ep)
            panel += k * round_up(n, ks.vl)
            if ep.bias != NULL:
                ep.bias += ks.nr


cdef void _pack(
    const rows *p, const fc_matmul *ks, float *packed, ptrdiff_t j
) noexcept nogil:
    """The columns of b from j on that make a panel, for each piece of k."""
    cdef ptrdiff_t largest = equal_pieces(p.k, PIECE), x, k
    cdef ptrdiff_t whole = round_up(p.n, ks.vl)  # columns of the packed b
    for x from 0 <= x < p.k by largest:
        k = smaller(largest, p.k - x)
        ks.gemm_pack_b(
            k, smaller(ks.nr, p.n - j), p.b + x * p.b_rs + j * p.b_cs, p.b_rs, p.b_cs,
            packed + x * whole + k * j)


cdef ptrdiff_t _first(const rows *p, ptrdiff_t mr, ptrdiff_t index) noexcept nogil:
    """The first row of a panel; the rows of a run are divided evenly, not into full panels."""
    cdef ptrdiff_t panels = ceil_div(p.run, mr)
    return index // panels * p.run + p.run * (index % panels) // panels


cdef int _panels(
    const rows *p, const fc_matmul *ks, const float *packed, bint streams, ptrdiff_t first,
    ptrdiff_t last
) noexcept nogil:
    """The rows of the panels [first, last); without a packed b, this thread packs its own."""
    cdef ptrdiff_t mr = ks.gemm_mr, index, i, m, r, ahead, next, lines
    cdef ptrdiff_t cycles = mr * p.k * ceil_div(p.n, ks.vl), lda = p.lda
    cdef ptrdiff_t total = p.m // p.run * ceil_div(p.run, mr)
    cdef bint collide = _collide(p.k, p.lda)
    cdef float *copy = NULL
    cdef const float *a
    cdef float *own
    if packed == NULL:
        own = <float *> scratch(FC_OWN, sizeof(float) * p.k * round_up(p.n, ks.vl))
        if own == NULL:
            return -1
        for i from 0 <= i < p.n by ks.nr:
            _pack(p, ks, own, i)
        packed = own
    if collide:
        lda = round_up(p.k, LINE_FLOATS) + LINE_FLOATS
        copy = <float *> scratch(FC_INNER, sizeof(float) * mr * lda)
        if copy == NULL:
            return -1
    ahead = 1 + AHEAD // cycles
    for index in range(first, last):
        i = _first(p, mr, index)
        m, a = _first(p, mr, index + 1) - i, p.a + i * p.lda + i // p.run * p.a_jump
        if collide:
            for r in range(m):
                memcpy(copy + r * lda, a + r * p.lda, sizeof(float) * p.k)
            a = copy
        next, lines = i, 0
        if index + ahead < total and p.lda == p.k:  # gaps between rows are left to the processor
            next = _first(p, mr, index + ahead)
            lines = ceil_div((_first(p, mr, index + ahead + 1) - next) * p.k, LINE_FLOATS)
        _panel(
            p, ks, packed, streams, m, a, lda, p.c + i * p.ldc + i // p.run * p.c_jump,
            <const char *> (p.a + next * p.lda + next // p.run * p.a_jump), lines)
    if streams:
        ks.streams_done()
    return 0


cdef int rows_parallel(const rows *p, int team) noexcept nogil:
    cdef const fc_matmul *ks = matmul_table()
    cdef ptrdiff_t j, t, columns = ceil_div(p.n, ks.nr)
    cdef ptrdiff_t panels = p.m // p.run * ceil_div(p.run, ks.gemm_mr)
    cdef bint streams = _streams(p)
    cdef unsigned csr = 0
    cdef int failed = 0
    cdef float *packed = NULL
    if team == 1:
        csr = flush_denormals()
        failed = _panels(p, ks, NULL, streams, 0, panels)
        restore_denormals(csr)
        return failed
    if p.k * p.n > SMALL:
        packed = <float *> scratch(FC_TEAM, sizeof(float) * p.k * round_up(p.n, ks.vl))
        if packed == NULL:
            return -1
        for j in prange(columns, num_threads=team, schedule="static"):
            _pack(p, ks, packed, j * ks.nr)
    for t in prange(team, num_threads=team, schedule="static", chunksize=1):
        csr = flush_denormals()
        failed |= _panels(p, ks, packed, streams, panels * t // team, panels * (t + 1) // team)
        restore_denormals(csr)
    return failed


cdef void _block(
    const rows *p, const fc_matmul *ks, const float *packed, const float *a, ptrdiff_t lda,
    ptrdiff_t x, ptrdiff_t k, ptrdiff_t j, ptrdiff_t n, ptrdiff_t m0, ptrdiff_t m1,
    const char *next, ptrdiff_t units, ptrdiff_t hop
) noexcept nogil:
    """Columns [j, j + n) of rows [m0, m1) of c, the sum over k terms from x on; a is at (m0, x).

    Fetches `units` cache lines at `next`, and those a hop apart from them.
    """
    cdef ptrdiff_t mr = ks.gemm_mr, i, m, jr, tile = 0, unit, step
    cdef ptrdiff_t tiles = ceil_div(m1 - m0, mr) * ceil_div(n, ks.nr)
    cdef const char *at
    cdef fc_epilogue ep = p.ep
    if x > 0:
        ep.beta = 1
    if x + k < p.k:
        ep.bias, ep.act = NULL, 0
    for i from m0 <= i < m1 by mr:
        m = smaller(mr, m1 - i)
        for jr from 0 <= jr < n by ks.nr:
            if ep.bias != NULL:
                ep.bias = p.ep.bias + j + jr
            unit = tile * units // tiles  # evenly, so that the memory is never in a hurry
            tile += 1
            step, at = 0, <const char *> a
            if tile * units // tiles > unit:
                step, at = hop, next + unit * LINE
            ks.rows_tile(
                m, smaller(ks.nr, n - jr), k, a, lda, packed + jr * k,
                p.c + i * p.ldc + j + jr, p.ldc, at, step, False, &ep)
        a += mr * lda


cdef int rows_by_blocks(
    const rows *p, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n0, ptrdiff_t n1
) noexcept nogil:
    cdef const fc_matmul *ks = matmul_table()
    cdef ptrdiff_t largest = equal_pieces(p.k, PIECE), lda = p.lda
    cdef ptrdiff_t i, x, k, j, n, next_x, next_j, units, hop
    cdef const float *a
    cdef const float *b
    cdef float *copy = NULL
    cdef float *packed = <float *> scratch(
        FC_OWN, sizeof(float) * largest * smaller(COLUMNS, round_up(n1 - n0, ks.nr)))
    if packed == NULL:
        return -1
    if _collide(largest, p.lda):
        lda = round_up(largest, LINE_FLOATS) + LINE_FLOATS
        copy = <float *> scratch(FC_INNER, sizeof(float) * (m1 - m0) * lda)
        if copy == NULL:
            return -1
    for x from 0 <= x < p.k by largest:
        k, a = smaller(largest, p.k - x), p.a + m0 * p.lda + x
        if copy != NULL:
            for i in range(m1 - m0):
                memcpy(copy + i * lda, a + i * p.lda, sizeof(float) * k)
            a = copy
        for j from n0 <= j < n1 by COLUMNS:
            n = smaller(COLUMNS, n1 - j)
            ks.gemm_pack_b(k, n, p.b + x * p.b_rs + j * p.b_cs, p.b_rs, p.b_cs, packed)
            next_x, next_j = x, j + COLUMNS
            if next_j >= n1:
                next_x, next_j = x + k, n0
            units, hop, b = 0, 0, p.b
            if next_x < p.k:
                b = p.b + next_x * p.b_rs + next_j * p.b_cs
                if p.b_cs == 1:
                    units, hop = smaller(COLUMNS, n1 - next_j), p.b_rs * sizeof(float)
                elif p.b_rs == 1:
                    units, hop = smaller(largest, p.k - next_x), p.b_cs * sizeof(float)
            _block(
                p, ks, packed, a, lda, x, k, j, n, m0, m1, <const char *> b,
                ceil_div(units, LINE_FLOATS), hop)
    return 0
