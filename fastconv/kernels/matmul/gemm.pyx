"""General matrix product, in BLIS's five loops.

Each thread computes a rectangle of c and shares nothing with the others. Its rows are cut into
slabs of MC, k into pieces of KC, and its columns into blocks of NC:

    for each slab, for each piece of k:    pack that part of a, in panels of gemm_mr rows
        for each block of columns:         pack that part of b, in panels of nr columns
            for each panel of a:           it stays in the L1 cache, while
                for each panel of b:       these come from the L2 cache: one register tile

Products with so few columns or rows that packing does not pay read the larger operand in place.

The cut of k into pieces depends on k and on whether the columns are few: the bits of an element
depend neither on the number of threads nor on how many rows there are.
"""

import numpy as np

from cython.parallel cimport prange

from fastconv.kernels._isa cimport (
    FC_INNER, FC_OWN, activation_code, flush_denormals, restore_denormals, scratch,
)
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul, matmul_table

cdef enum:
    MAX_MR = 16
    PACK_A = 8    # approximate cycles to pack a row of a panel of a, and of b (often from memory)
    PACK_B = 24

cdef ptrdiff_t MC = 1008
cdef ptrdiff_t KC = 384
cdef ptrdiff_t NC = 256
cdef ptrdiff_t KC_IN_PLACE = 320
cdef ptrdiff_t FEW_COLUMNS = 64  # a panel of a meets too few panels of b to pay for its packing
cdef ptrdiff_t FEW_ROWS_SUMS = 4096  # floats of sums that wait in the L1 cache between two steps


cdef inline ptrdiff_t _min(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return a if a < b else b


cdef inline ptrdiff_t _round_up(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return (a + b - 1) // b * b


cdef inline ptrdiff_t _piece(ptrdiff_t k, ptrdiff_t largest) noexcept nogil:
    """The size of equal pieces of k, a multiple of four, none larger than `largest`."""
    return _round_up((k + (k + largest - 1) // largest - 1) // ((k + largest - 1) // largest), 4)


cdef fc_epilogue _epilogue(
    const product *p, ptrdiff_t column, bint first, bint last
) noexcept nogil:
    """Of a piece of the sum: all but the first add to c; the last applies bias and activation."""
    cdef fc_epilogue ep = p.ep
    if not first:
        ep.beta = 1
    if not last:
        ep.bias = NULL
        ep.act = 0
    if ep.bias != NULL:
        ep.bias = ep.bias + column
    return ep


cdef int _packed(
    const product *p, const fc_matmul *ks, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n0, ptrdiff_t n1
) noexcept nogil:
    """Rows [m0, m1) and columns [n0, n1) of c, in one thread, from packed operands."""
    cdef ptrdiff_t mr = ks.gemm_mr, nr = ks.nr, kc_max = _piece(p.k, KC)
    cdef ptrdiff_t mc = MC // mr * mr
    cdef float *a_pack = <float *> scratch(
        FC_INNER, sizeof(float) * (_min(mc, _round_up(m1 - m0, mr)) * kc_max + MAX_MR))
    cdef float *b_pack = <float *> scratch(
        FC_OWN, sizeof(float) * _min(NC, _round_up(n1 - n0, nr)) * kc_max)
    cdef ptrdiff_t ic, m, pc, kc, jc, nc, ir, jr
    cdef float *c
    cdef fc_epilogue ep
    if a_pack == NULL or b_pack == NULL:
        return -1
    for ic from m0 <= ic < m1 by mc:
        m = _min(mc, m1 - ic)
        for pc from 0 <= pc < p.k by kc_max:
            kc = _min(kc_max, p.k - pc)
            ks.gemm_pack_a(m, kc, p.a + ic * p.a_rs + pc * p.a_cs, p.a_rs, p.a_cs, a_pack)
            for jc from n0 <= jc < n1 by NC:
                nc = _min(NC, n1 - jc)
                ks.gemm_pack_b(kc, nc, p.b + pc * p.b_rs + jc * p.b_cs, p.b_rs, p.b_cs, b_pack)
                for ir from 0 <= ir < m by mr:
                    c = p.c + (ic + ir) * p.ldc + jc
                    for jr from 0 <= jr < nc by nr:
                        ep = _epilogue(p, jc + jr, pc == 0, pc + kc == p.k)
                        ks.gemm_tile(
                            _min(mr, m - ir), _min(nr, nc - jr), kc, a_pack + ir * kc,
                            b_pack + jr * kc, c + jr, p.ldc, &ep)
    return 0


cdef int _few_columns(
    const product *p, const fc_matmul *ks, ptrdiff_t m0, ptrdiff_t m1
) noexcept nogil:
    """Rows [m0, m1) of a product with few columns; a, contiguous along one axis, is not packed."""
    cdef bint by_columns = p.a_rs == 1 and p.a_cs != 1
    cdef ptrdiff_t mr = ks.mr, nr = ks.nr, kc_max = _piece(p.k, KC_IN_PLACE)
    cdef float *b_pack = <float *> scratch(
        FC_OWN, sizeof(float) * kc_max * _round_up(p.n, ks.vl))
    cdef ptrdiff_t *points = <ptrdiff_t *> scratch(FC_INNER, sizeof(ptrdiff_t) * kc_max)
    cdef ptrdiff_t rows[MAX_MR]
    cdef ptrdiff_t zero = 0
    cdef ptrdiff_t i, pc, kc, m, jr, n
    cdef const float *a
    cdef float *c
    cdef fc_epilogue ep
    if b_pack == NULL or points == NULL:
        return -1
    for i in range(kc_max):
        points[i] = i * p.a_cs
    for i in range(mr):
        rows[i] = i * p.a_rs
    for pc from 0 <= pc < p.k by kc_max:
        kc = _min(kc_max, p.k - pc)
        ks.gemm_pack_b(kc, p.n, p.b + pc * p.b_rs, p.b_rs, p.b_cs, b_pack)
        for i from m0 <= i < m1 by mr:
            m = _min(mr, m1 - i)
            a = p.a + i * p.a_rs + pc * p.a_cs
            c = p.c + i * p.ldc
            for jr from 0 <= jr < p.n by nr:
                n = _min(nr, p.n - jr)
                ep = _epilogue(p, jr, pc == 0, pc + kc == p.k)
                if by_columns:
                    ks.column_tile(
                        m, n, kc, a, points, b_pack + jr * kc, _round_up(n, ks.vl), c + jr, p.ldc,
                        &ep)
                else:
                    ks.row_tile(
                        m, n, kc, 1, a, rows, &zero, b_pack + jr * kc, c + jr, p.ldc, &ep)
    return 0


cdef int _few_rows(
    const product *p, const fc_matmul *ks, ptrdiff_t n0, ptrdiff_t n1
) noexcept nogil:
    """Columns [n0, n1) of a product with at most mr rows; b, of contiguous rows, is not packed."""
    cdef ptrdiff_t m = p.m, kc_max = _piece(p.k, KC)
    # rows of b that are read at the same time: more of them save loads of sums, but their lines,
    # often a power of two apart, compete for the same sets of the L1 cache
    cdef ptrdiff_t longest = 8 if m <= 4 else 16
    cdef ptrdiff_t width = _min(_round_up(n1 - n0, ks.vl), FEW_ROWS_SUMS // m // ks.nr * ks.nr)
    cdef float *a_pack = <float *> scratch(FC_INNER, sizeof(float) * kc_max * m)
    cdef float *sums = <float *> scratch(FC_OWN, sizeof(float) * m * width)
    cdef ptrdiff_t pc, kc, i, x, step, jc, n
    cdef fc_epilogue ep
    if a_pack == NULL or sums == NULL:
        return -1
    for pc from 0 <= pc < p.k by kc_max:
        kc = _min(kc_max, p.k - pc)
        for i in range(m):
            for x in range(kc):
                a_pack[x * m + i] = p.a[i * p.a_rs + (pc + x) * p.a_cs]
        for jc from n0 <= jc < n1 by width:
            n = _min(width, n1 - jc)
            ep = _epilogue(p, jc, pc == 0, pc + kc == p.k)
            for x from 0 <= x < kc by longest:
                step = _min(longest, kc - x)
                ks.few_rows(
                    m, n, step, a_pack + x * m, p.b + (pc + x) * p.b_rs + jc, p.b_rs,
                    sums, x == 0, p.c + jc, p.ldc, &ep if x + step == kc else NULL)
    return 0


cdef void _nothing_to_add(const product *p) noexcept nogil:
    """k = 0: the product is zero, only the epilogue is computed."""
    cdef ptrdiff_t i, j
    cdef float r
    for i in range(p.m):
        for j in range(p.n):
            r = p.ep.beta * p.c[i * p.ldc + j] if p.ep.beta != 0 else 0
            if p.ep.bias != NULL:
                r += p.ep.bias[j]
            if p.ep.act != 0 and r < 0:
                r = 0
            p.c[i * p.ldc + j] = r


cdef int _split_rows(const product *p, const fc_matmul *ks, int team) noexcept nogil:
    cdef ptrdiff_t tiles = (p.m + ks.mr - 1) // ks.mr, t
    cdef unsigned csr = 0
    cdef int failed = 0
    for t in prange(team, num_threads=team, schedule="static", chunksize=1):
        csr = flush_denormals()
        failed |= _few_columns(
            p, ks, tiles * t // team * ks.mr, _min(tiles * (t + 1) // team * ks.mr, p.m))
        restore_denormals(csr)
    return failed


cdef int _split_columns(const product *p, const fc_matmul *ks, int team) noexcept nogil:
    cdef ptrdiff_t tiles = (p.n + ks.nr - 1) // ks.nr, t
    cdef unsigned csr = 0
    cdef int failed = 0
    for t in prange(team, num_threads=team, schedule="static", chunksize=1):
        csr = flush_denormals()
        failed |= _few_rows(
            p, ks, tiles * t // team * ks.nr, _min(tiles * (t + 1) // team * ks.nr, p.n))
        restore_denormals(csr)
    return failed


cdef int _split_both(const product *p, const fc_matmul *ks, int team) noexcept nogil:
    cdef ptrdiff_t mr = ks.gemm_mr, nr = ks.nr
    cdef ptrdiff_t m_tiles = (p.m + mr - 1) // mr, n_tiles = (p.n + nr - 1) // nr
    cdef ptrdiff_t tm, tn, m_now, n_now, best_tm = 1, cost, best_cost = -1
    cdef ptrdiff_t t, i, j
    cdef unsigned csr = 0
    cdef int failed = 0
    # the grid whose largest rectangle takes the fewest cycles for each step of k, packing included
    for tm in range(1, team + 1):
        if team % tm:
            continue
        tn = team // tm
        m_now, n_now = (m_tiles + tm - 1) // tm, (n_tiles + tn - 1) // tn
        cost = mr * m_now * n_now + PACK_A * m_now + PACK_B * n_now
        if best_cost < 0 or cost < best_cost:
            best_tm, best_cost = tm, cost
    tm, tn = best_tm, team // best_tm
    for t in prange(team, num_threads=team, schedule="static", chunksize=1):
        csr = flush_denormals()
        i = t // tn
        j = t % tn
        failed |= _packed(
            p, ks,
            m_tiles * i // tm * mr, _min(m_tiles * (i + 1) // tm * mr, p.m),
            n_tiles * j // tn * nr, _min(n_tiles * (j + 1) // tn * nr, p.n))
        restore_denormals(csr)
    return failed


cdef int gemm_parallel(const product *p) noexcept nogil:
    cdef const fc_matmul *ks = matmul_table()
    cdef int team = threads_for(<double> p.m * p.n * p.k)
    if p.m == 0 or p.n == 0:
        return 0
    if p.k == 0:
        _nothing_to_add(p)
        return 0
    if (p.n <= FEW_COLUMNS and p.a_cs == 1) or (p.n <= ks.nr and p.a_rs == 1):
        return _split_rows(p, ks, team)
    if p.m <= ks.mr and p.b_cs == 1:
        return _split_columns(p, ks, team)
    return _split_both(p, ks, team)


cdef int gemm_serial(const product *p) noexcept nogil:
    return _packed(p, matmul_table(), 0, p.m, 0, p.n)


def gemm(
    const float[:, :] a, const float[:, :] b, float[:, :] c, float alpha=1, float beta=0,
    const float[::1] bias=None, str activation="none",
):
    """c (m, n) = activation(alpha * a (m, k) @ b (k, n) + beta * c + bias), any strides."""
    cdef product p
    cdef int failed
    cdef float[:, ::1] dense
    p.m, p.k, p.n = a.shape[0], a.shape[1], b.shape[1]
    if b.shape[0] != p.k or c.shape[0] != p.m or c.shape[1] != p.n:
        raise ValueError(
            "gemm: a (m, k), b (k, n) and c (m, n) must agree; "
            f"received ({p.m}, {p.k}), ({b.shape[0]}, {p.n}), ({c.shape[0]}, {c.shape[1]})")
    if bias is not None and bias.shape[0] != p.n:
        raise ValueError(f"gemm: bias must have n = {p.n} elements; received {bias.shape[0]}")
    p.ep.alpha, p.ep.beta = alpha, beta
    p.ep.act = activation_code(activation)
    p.ep.bias = &bias[0] if bias is not None and p.n else NULL
    if p.m == 0 or p.n == 0:
        return
    p.a_rs, p.a_cs = a.strides[0] // 4, a.strides[1] // 4
    p.b_rs, p.b_cs = b.strides[0] // 4, b.strides[1] // 4
    if p.k:
        p.a, p.b = &a[0, 0], &b[0, 0]
    if p.n > 1 and c.strides[1] != 4:
        # columns are not contiguous: work on a copy with contiguous rows
        dense = np.array(c, order="C", copy=True)
        p.c, p.ldc = &dense[0, 0], p.n
    else:
        dense = None
        p.c, p.ldc = &c[0, 0], c.strides[0] // 4
    if p.m == 1:
        p.a_rs = p.k  # any stride is valid for a single row; this one counts as contiguous
    with nogil:
        failed = gemm_parallel(&p)
    if failed:
        raise MemoryError("gemm: no memory for the packed operands")
    if dense is not None:
        c[:, :] = dense
