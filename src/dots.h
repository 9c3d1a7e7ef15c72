/* The product of a few rows of a with the transpose of b, both read along their rows: every element of c is a sum over
 * the lanes of a vector. */

enum { DOT_ROWS = 4 }; /* of either operand, in registers at the same time */

/* The sums over the lanes of four vectors. */
FN void v_sum_four(vf a, vf b, vf c, vf d, float *sums)
{
    const vf ab = v_zip_low(a, b) + v_zip_high(a, b), cd = v_zip_low(c, d) + v_zip_high(c, d);
    v_store_sum_of_quads(sums, v_low_pairs(ab, cd) + v_high_pairs(ab, cd));
}

FN void dots_tile(const int m, const int n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb,
                  float *c, ptrdiff_t ldc, const fc_epilogue *ep)
{
    vf acc[DOT_ROWS][DOT_ROWS];
#pragma GCC unroll 4
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int j = 0; j < n; j++) acc[i][j] = v_zero();
    ptrdiff_t x = 0;
    for (; x + VL <= k; x += VL) {
        vf bv[DOT_ROWS];
#pragma GCC unroll 4
        for (int j = 0; j < n; j++) bv[j] = v_load(b + j * ldb + x);
#pragma GCC unroll 4
        for (int i = 0; i < m; i++) {
            const vf av = v_load(a + i * lda + x);
#pragma GCC unroll 4
            for (int j = 0; j < n; j++) acc[i][j] = v_fma(av, bv[j], acc[i][j]);
        }
    }
    if (x < k) {
        const ptrdiff_t left = k - x;
        for (int i = 0; i < m; i++) {
            const vf av = v_load_first(a + i * lda + x, left);
            for (int j = 0; j < n; j++) acc[i][j] = v_fma(av, v_load_first(b + j * ldb + x, left), acc[i][j]);
        }
    }
    const int plain = ep->alpha == 1.0f && ep->beta == 0.0f && !ep->bias && ep->act == FC_ACT_NONE;
    for (int i = 0; i < m; i++) {
        float sums[DOT_ROWS];
        for (int j = n; j < DOT_ROWS; j++) acc[i][j] = v_zero();
        v_sum_four(acc[i][0], acc[i][1], acc[i][2], acc[i][3], sums);
        if (n == DOT_ROWS && plain) {
            for (int j = 0; j < DOT_ROWS; j++) c[i * ldc + j] = sums[j];
            continue;
        }
        for (int j = 0; j < n; j++) {
            float *to = c + i * ldc + j, r = ep->alpha * sums[j];
            if (ep->beta != 0.0f) r += ep->beta * *to;
            if (ep->bias) r += ep->bias[j];
            if (ep->act != FC_ACT_NONE && r < 0.0f) r = 0.0f; /* NaN is propagated */
            *to = ep->act == FC_ACT_RELU6 && r > 6.0f ? 6.0f : r;
        }
    }
}

FN void dots_rows(const int m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb,
                  float *c, ptrdiff_t ldc, const fc_epilogue *ep)
{
    fc_epilogue part = *ep;
    for (; n >= DOT_ROWS; n -= DOT_ROWS, b += DOT_ROWS * ldb, c += DOT_ROWS) {
        dots_tile(m, DOT_ROWS, k, a, lda, b, ldb, c, ldc, &part);
        if (part.bias) part.bias += DOT_ROWS;
    }
    switch (n) {
        case 1: dots_tile(m, 1, k, a, lda, b, ldb, c, ldc, &part); break;
        case 2: dots_tile(m, 2, k, a, lda, b, ldb, c, ldc, &part); break;
        case 3: dots_tile(m, 3, k, a, lda, b, ldb, c, ldc, &part); break;
    }
}

static void dots(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb,
                 float *c, ptrdiff_t ldc, const fc_epilogue *ep)
{
    switch (m) {
        case 1: dots_rows(1, n, k, a, lda, b, ldb, c, ldc, ep); break;
        case 2: dots_rows(2, n, k, a, lda, b, ldb, c, ldc, ep); break;
        case 3: dots_rows(3, n, k, a, lda, b, ldb, c, ldc, ep); break;
        case 4: dots_rows(4, n, k, a, lda, b, ldb, c, ldc, ep); break;
    }
}
