"""General matrix product, in BLIS's five loops.

``jc`` and ``pc`` cut b into blocks of KC rows and NC columns, packed into panels of NR columns; ``ic``
cuts a into MC rows that stay in the second-level cache; ``jr`` and ``ir`` walk the register tiles. A
thread takes a rectangle of c and shares nothing with the others. The sum over k is cut at multiples
of KC only, so that no bit depends on the number of threads.

a is read in place where that is no slower: its rows when k is contiguous, its columns when m is.
"""

import numpy as np

from cython.parallel cimport prange

from fastconv.kernels._isa cimport (
    FC_INNER, FC_OWN, activation_code, fc_kernels, flush_denormals, kernels,
    restore_denormals, scratch,
)
from fastconv.kernels._threads cimport threads_for

cdef enum:
    MAX_MR = 16

cdef ptrdiff_t KC = 320
cdef ptrdiff_t KC_BY_COLUMNS = 160  # this form touches more of the first-level cache for each row of b
cdef ptrdiff_t NC = 1024
cdef ptrdiff_t A_BLOCK = 48 * 1024  # floats of a that stay in the second-level cache
cdef ptrdiff_t A_LD = KC + 16  # not a multiple of a page: rows must not share a set of the first-level cache


cdef inline ptrdiff_t _min(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return a if a < b else b


cdef inline ptrdiff_t _round_up(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return (a + b - 1) // b * b


cdef bint _a_in_place(const product *p, const fc_kernels *ks) noexcept nogil:
    """Whether packing a would cost more than it saves."""
    if p.a_cs == 1:
        # rows a multiple of 512 bytes apart crowd into a few sets of the first-level cache
        return p.a_rs % 128 != 0 or p.n <= 2 * ks.nr or p.m <= ks.mr
    return p.a_rs == 1 and p.n <= 2 * ks.nr


cdef void _pack_rows(
    const product *p, ptrdiff_t i0, ptrdiff_t m, ptrdiff_t x0, ptrdiff_t k, float *out
) noexcept nogil:
    """out[i][x] = a[i0 + i][x0 + x], rows A_LD apart."""
    cdef ptrdiff_t i, x
    cdef const float *a
    for i in range(m):
        a = p.a + (i0 + i) * p.a_rs + x0 * p.a_cs
        if p.a_cs == 1:
            for x in range(k):
                out[i * A_LD + x] = a[x]
        else:
            for x in range(k):
                out[i * A_LD + x] = a[x * p.a_cs]


cdef void _pack_columns(
    const product *p, ptrdiff_t i0, ptrdiff_t m, ptrdiff_t x0, ptrdiff_t k, ptrdiff_t mr, float *out
) noexcept nogil:
    """Panels of mr rows: out[panel][x][i] = a[i0 + panel*mr + i][x0 + x]."""
    cdef ptrdiff_t panel, x, i, rows
    cdef const float *a
    for panel in range((m + mr - 1) // mr):
        rows = _min(mr, m - panel * mr)
        for x in range(k):
            a = p.a + i0 + panel * mr + (x0 + x) * p.a_cs
            for i in range(rows):
                out[x * mr + i] = a[i]
        out += k * mr


cdef int _rectangle(
    const product *p, const fc_kernels *ks, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n0, ptrdiff_t n1
) noexcept nogil:
    """Rows m0..m1 and columns n0..n1 of c, by one thread."""
    cdef bint by_columns = p.a_rs == 1 and p.a_cs != 1
    cdef bint in_place = _a_in_place(p, ks)
    cdef ptrdiff_t mr = ks.mr, nr = ks.nr, vl = ks.vl
    cdef ptrdiff_t kc_max = _min(KC_BY_COLUMNS if by_columns else KC, p.k)
    cdef ptrdiff_t mc = _round_up(_min(A_BLOCK // kc_max, m1 - m0), mr)
    cdef ptrdiff_t nc_max = _round_up(_min(NC, n1 - n0), nr)
    # one panel of b is enough while every row block of a is in reach at once
    cdef bint keep_b = m1 - m0 > mc
    cdef size_t a_floats = 0 if in_place else mc * (mr if by_columns else 1) * A_LD
    cdef float *a_pack
    cdef float *b_pack = <float *> scratch(
        FC_OWN, sizeof(float) * kc_max * (nc_max if keep_b else nr))
    cdef ptrdiff_t rows[MAX_MR]
    cdef ptrdiff_t zero = 0
    cdef ptrdiff_t *points
    cdef ptrdiff_t jc, nc, pc, kc, ic, m, jr, n, width, ir, rows_now, i, lda
    cdef const float *a_block
    cdef const float *a_tile
    cdef float *panel
    cdef fc_epilogue ep
    if by_columns:
        a_floats = mc * kc_max
    a_pack = <float *> scratch(
        FC_INNER, sizeof(float) * a_floats + 64 + sizeof(ptrdiff_t) * kc_max)
    if a_pack == NULL or b_pack == NULL:
        return -1
    points = <ptrdiff_t *> (a_pack + _round_up(a_floats, 16))
    if by_columns:
        for i in range(kc_max):
            points[i] = i * (p.a_cs if in_place else mr)
    lda = p.a_rs if in_place else A_LD
    for i in range(mr):
        rows[i] = i * lda

    for jc from n0 <= jc < n1 by NC:
        nc = _min(NC, n1 - jc)
        for pc from 0 <= pc < p.k by kc_max:
            kc = _min(kc_max, p.k - pc)
            ep = p.ep
            if pc > 0:
                ep.beta = 1
            if pc + kc < p.k:
                ep.bias = NULL
                ep.act = 0
            for ic from m0 <= ic < m1 by mc:
                m = _min(mc, m1 - ic)
                if in_place:
                    a_block = p.a + ic * p.a_rs + pc * p.a_cs
                else:
                    a_block = a_pack
                    if by_columns:
                        _pack_columns(p, ic, m, pc, kc, mr, a_pack)
                    else:
                        _pack_rows(p, ic, m, pc, kc, a_pack)
                for jr from 0 <= jr < nc by nr:
                    n = _min(nr, nc - jr)
                    width = _round_up(n, vl)
                    panel = b_pack + (jr * kc if keep_b else 0)
                    if ic == m0 or not keep_b:
                        ks.pack_panel(
                            kc, n, width, p.b + pc * p.b_rs + (jc + jr) * p.b_cs, p.b_rs, p.b_cs,
                            panel)
                    if p.ep.bias != NULL and ep.bias != NULL:
                        ep.bias = p.ep.bias + jc + jr
                    for ir from 0 <= ir < m by mr:
                        rows_now = _min(mr, m - ir)
                        if by_columns:
                            a_tile = a_block + (ir if in_place else ir * kc)
                            ks.column_tile(
                                rows_now, n, kc, a_tile, points, panel, width,
                                p.c + (ic + ir) * p.ldc + jc + jr, p.ldc, &ep)
                        else:
                            ks.row_tile(
                                rows_now, n, kc, 1, a_block + ir * lda, rows, &zero, panel,
                                p.c + (ic + ir) * p.ldc + jc + jr, p.ldc, &ep)
    return 0


cdef void _nothing_to_add(const product *p) noexcept nogil:
    """k = 0: the product is zero, the epilogue remains."""
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


cdef int gemm_parallel(const product *p) noexcept nogil:
    cdef const fc_kernels *ks = kernels()
    cdef ptrdiff_t m_tiles = (p.m + ks.mr - 1) // ks.mr, n_tiles = (p.n + ks.nr - 1) // ks.nr
    cdef int team = threads_for(<double> p.m * p.n * p.k)
    cdef ptrdiff_t tm, tn, best_tm = 1, cost, best_cost = -1
    cdef ptrdiff_t t, i, j
    cdef unsigned csr = 0
    cdef int failed = 0
    if p.m == 0 or p.n == 0:
        return 0
    if p.k == 0:
        _nothing_to_add(p)
        return 0
    # the grid whose largest rectangle is smallest; on a tie the one that packs b least often
    for tm in range(1, team + 1):
        if team % tm:
            continue
        tn = team // tm
        cost = ((m_tiles + tm - 1) // tm) * ((n_tiles + tn - 1) // tn)
        if best_cost < 0 or cost < best_cost:
            best_tm, best_cost = tm, cost
    tm, tn = best_tm, team // best_tm
    for t in prange(team, num_threads=team, schedule="static", chunksize=1):
        csr = flush_denormals()
        i = t // tn
        j = t % tn
        failed |= _rectangle(
            p, ks,
            m_tiles * i // tm * ks.mr, _min(m_tiles * (i + 1) // tm * ks.mr, p.m),
            n_tiles * j // tn * ks.nr, _min(n_tiles * (j + 1) // tn * ks.nr, p.n))
        restore_denormals(csr)
    return failed


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
        # columns apart: work on a copy whose rows are dense
        dense = np.array(c, order="C", copy=True)
        p.c, p.ldc = &dense[0, 0], p.n
    else:
        dense = None
        p.c, p.ldc = &c[0, 0], c.strides[0] // 4
    if p.m == 1:
        p.a_rs = p.k  # any stride is right for a single row; this one counts as contiguous
    with nogil:
        failed = gemm_parallel(&p)
    if failed:
        raise MemoryError("gemm: no memory for the packed operands")
    if dense is not None:
        c[:, :] = dense
