/* The product of a few rows of a with b, both in place. The sum over k is cut into short steps, so that only a few rows of b
 * are read at the same time, each from left to right; between two steps the sums wait in a buffer, whence every sum has
 * the bits of one that never left its register. */

FN void few_rows_tile(const int m, const int nv, const int masked, ptrdiff_t n, ptrdiff_t k, const float *a,
                      ptrdiff_t lda, const float *b, ptrdiff_t ldb, float *sums, int first, float *c,
                      ptrdiff_t ldc, const fc_epilogue *ep)
{
    vf acc[MR][NV];
    const float *thirds[(MR + 2) / 3]; /* an address is one of these plus 0, 1 or 2 times lda */
#pragma GCC unroll 16
    for (int i = 0; i < m; i++) {
        if (i % 3 == 0) thirds[i / 3] = a + i * lda;
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) acc[i][j] = first ? v_zero() : v_load(sums + (i * nv + j) * VL);
    }
    for (ptrdiff_t x = 0; x < k; x++, b += ldb) {
        vf bv[NV];
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++)
            bv[j] = masked && j == nv - 1 ? v_load_first(b + j * VL, n - j * VL) : v_load(b + j * VL);
#pragma GCC unroll 16
        for (int i = 0; i < m; i++) {
            const vf av = v_broadcast(thirds[i / 3] + i % 3 * lda + x);
#pragma GCC unroll 4
            for (int j = 0; j < nv; j++) acc[i][j] = v_fma(av, bv[j], acc[i][j]);
        }
    }
    if (ep) {
        store_tile(m, nv, n, acc, c, ldc, ep);
        return;
    }
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) v_store(sums + (i * nv + j) * VL, acc[i][j]);
}

FN void few_rows_body(const int m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b,
                      ptrdiff_t ldb, float *sums, int first, float *c, ptrdiff_t ldc, const fc_epilogue *last)
{
    fc_epilogue epilogue, *ep = NULL;
    if (last) {
        epilogue = *last;
        ep = &epilogue;
    }
    for (; n >= NV * VL; n -= NV * VL, b += NV * VL, c += NV * VL, sums += m * NV * VL) {
        few_rows_tile(m, NV, 0, NV * VL, k, a, lda, b, ldb, sums, first, c, ldc, ep);
        if (ep && ep->bias) ep->bias += NV * VL;
    }
    if (n > VL)
        few_rows_tile(m, NV, 1, n, k, a, lda, b, ldb, sums, first, c, ldc, ep);
    else if (n > 0)
        few_rows_tile(m, 1, 1, n, k, a, lda, b, ldb, sums, first, c, ldc, ep);
}

static void few_rows(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b,
                     ptrdiff_t ldb, float *sums, int first, float *c, ptrdiff_t ldc, const fc_epilogue *last)
{
#define CASE(i)                                                          \
    case i:                                                              \
        few_rows_body(i, n, k, a, lda, b, ldb, sums, first, c, ldc, last);    \
        break;
    switch (m) {
        ROWS_UP_TO(MR)(CASE)
    }
#undef CASE
}
