/* The matrix product of two packed operands: packing, and the register tile that reads the panels. */

/* out[x*width + i] = in[i*rs + x] for x < k, i < VL; zero from i = rows on. Four columns at a time, transposed in
 * groups of four lanes. */
FN void transpose_rows(ptrdiff_t rows, ptrdiff_t k, const float *in, ptrdiff_t rs, float *out, ptrdiff_t width)
{
    ptrdiff_t x = 0, quads[4];
    for (int r = 0; r < 4; r++) quads[r] = (rows - r + 3) / 4; /* number of the rows r, r + 4, ... */
    for (; x + 4 <= k; x += 4, out += 4 * width) {
        const vf a = v_load_quads(in + x, 4 * rs, quads[0]), b = v_load_quads(in + rs + x, 4 * rs, quads[1]);
        const vf c = v_load_quads(in + 2 * rs + x, 4 * rs, quads[2]), d = v_load_quads(in + 3 * rs + x, 4 * rs, quads[3]);
        const vf ab_low = v_zip_low(a, b), ab_high = v_zip_high(a, b), cd_low = v_zip_low(c, d),
                 cd_high = v_zip_high(c, d);
        v_store(out, v_low_pairs(ab_low, cd_low));
        v_store(out + width, v_high_pairs(ab_low, cd_low));
        v_store(out + 2 * width, v_low_pairs(ab_high, cd_high));
        v_store(out + 3 * width, v_high_pairs(ab_high, cd_high));
    }
    for (; x < k; x++, out += width)
        for (ptrdiff_t i = 0; i < VL; i++) out[i] = i < rows ? in[i * rs + x] : 0.0f;
}

/* gemm_pack_a for a with contiguous columns. A few columns at a time, since they are often pages apart. */
FN void pack_a_columns(ptrdiff_t m, ptrdiff_t k, const float *a, ptrdiff_t cs, float *out)
{
    enum { SOME = 8 };
    for (ptrdiff_t x0 = 0; x0 < k; x0 += SOME)
        for (ptrdiff_t i0 = 0; i0 < m; i0 += GMR) {
            const ptrdiff_t rows = m - i0 < GMR ? m - i0 : GMR, end = k - x0 < SOME ? k : x0 + SOME;
            const float *in = a + i0;
            float *to = out + i0 * k;
            for (ptrdiff_t x = x0; x < end; x++)
                for (ptrdiff_t g = 0; g < GMR; g += VL) {
                    /* a whole vector may extend into the next column, which is written later, but not the next panel */
                    const vf v = v_load_first(in + x * cs + g, rows - g);
                    if (x + 1 < k)
                        v_store(to + x * GMR + g, v);
                    else
                        v_store_first(to + x * GMR + g, v, GMR - g < VL ? GMR - g : VL);
                }
        }
}

/* Packs a (m, k) into panels of GMR rows: out[panel][x][i], the missing rows of the last panel zero. Vectors may be
 * stored past the end of a panel, so `out` needs room for VL more floats than the panels. */
static void gemm_pack_a(ptrdiff_t m, ptrdiff_t k, const float *a, ptrdiff_t rs, ptrdiff_t cs, float *out)
{
    if (rs == 1 && cs != 1) {
        pack_a_columns(m, k, a, cs, out);
        return;
    }
    for (ptrdiff_t i0 = 0; i0 < m; i0 += GMR, out += k * GMR) {
        const float *in = a + i0 * rs;
        const ptrdiff_t rows = m - i0 < GMR ? m - i0 : GMR;
        if (cs == 1) {
            /* the last group first: what it writes beyond its rows is overwritten by the next column or group */
            for (ptrdiff_t g = (GMR - 1) / VL * VL; g >= 0; g -= VL)
                transpose_rows(rows - g < VL ? rows - g : VL, k, in + g * rs, rs, out + g, GMR);
        } else {
            for (ptrdiff_t x = 0; x < k; x++)
                for (ptrdiff_t i = 0; i < GMR; i++) out[x * GMR + i] = i < rows ? in[i * rs + x * cs] : 0.0f;
        }
    }
}

/* Packs b (k, n) into panels of NR columns: out[panel][x][j]; the width of the last panel is rounded up to whole
 * vectors, padded with zeros. */
static void gemm_pack_b(ptrdiff_t k, ptrdiff_t n, const float *b, ptrdiff_t rs, ptrdiff_t cs, float *out)
{
    const ptrdiff_t nr = NV * VL;
    if (cs == 1) {
        /* a few rows at a time through all panels: rows are often pages apart, and panels compete for the same sets of
         * the L1 cache */
        enum { SOME = 8 };
        for (ptrdiff_t x0 = 0; x0 < k; x0 += SOME) {
            const ptrdiff_t rows = k - x0 < SOME ? k - x0 : SOME;
            for (ptrdiff_t j = 0; j < n; j += nr) {
                const ptrdiff_t columns = n - j < nr ? n - j : nr, width = (columns + VL - 1) / VL * VL;
                const float *from = b + x0 * rs + j;
                float *to = out + j * k + x0 * width;
                for (ptrdiff_t x = 0; x < rows; x++, from += rs, to += width)
                    if (columns == nr)
                        for (int v = 0; v < NV; v++) v_store(to + v * VL, v_load(from + v * VL));
                    else
                        for (ptrdiff_t i = 0; i < width; i += VL) v_store(to + i, v_load_first(from + i, columns - i));
            }
        }
        return;
    }
    for (ptrdiff_t j = 0; j < n; j += nr) {
        const ptrdiff_t columns = n - j < nr ? n - j : nr, width = (columns + VL - 1) / VL * VL;
        float *panel = out + j * k;
        if (rs == 1) {
            for (ptrdiff_t i = 0; i < width; i += VL)
                transpose_rows(columns - i < VL ? columns - i : VL, k, b + (j + i) * cs, cs, panel + i, width);
        } else {
            for (ptrdiff_t x = 0; x < k; x++)
                for (ptrdiff_t i = 0; i < width; i++)
                    panel[x * width + i] = i < columns ? b[x * rs + (j + i) * cs] : 0.0f;
        }
    }
}

FN void gemm_steps(const int m, const int nv, ptrdiff_t k, const float *a, const float *b, vf (*acc)[NV])
{
    for (; k > 0; k--, a += GMR, b += nv * VL) {
        vf bv[NV];
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) bv[j] = v_load(b + j * VL);
#pragma GCC unroll 16
        for (int i = 0; i < m; i++) {
            const vf av = v_broadcast(a + i);
#pragma GCC unroll 4
            for (int j = 0; j < nv; j++) acc[i][j] = v_fma(av, bv[j], acc[i][j]);
        }
    }
}

FN void gemm_tile_body(const int m, const int nv, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b, float *c,
                       ptrdiff_t ldc, const fc_epilogue *ep)
{
    enum { APART = 4, AHEAD = 32 }; /* steps between two prefetches, and after the last one */
    vf acc[GMR][NV];
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) acc[i][j] = v_zero();
    if (m == GMR && k >= m * APART + AHEAD) {
        /* c is often not in a near cache. Prefetched too early, it is evicted from L1 by the panels; prefetched all at
         * once, it delays their loads. */
        const ptrdiff_t before = (k - m * APART - AHEAD) / 4 * 4;
        for (ptrdiff_t x = 0; x < before; x += 4, a += 4 * GMR, b += 4 * nv * VL)
#pragma GCC unroll 4
            for (int u = 0; u < 4; u++) gemm_steps(m, nv, 1, a + u * GMR, b + u * nv * VL, acc);
        const float *row = c;
        for (int i = 0; i < m; i++, row += ldc, a += APART * GMR, b += APART * nv * VL) {
            for (int j = 0; j < nv; j++) __builtin_prefetch(row + j * VL, 1);
#pragma GCC unroll 4
            for (int u = 0; u < APART; u++) gemm_steps(m, nv, 1, a + u * GMR, b + u * nv * VL, acc);
        }
        k -= before + m * APART;
    } else {
        prefetch_tile(m, nv, c, ldc);
    }
    gemm_steps(m, nv, k, a, b, acc);
    store_tile(m, nv, n, acc, c, ldc, ep);
}

static void gemm_tile(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b, float *c, ptrdiff_t ldc,
                      const fc_epilogue *ep)
{
#define CASE(i)                                            \
    case i:                                                \
        if (n > VL)                                        \
            gemm_tile_body(i, 2, n, k, a, b, c, ldc, ep);  \
        else                                               \
            gemm_tile_body(i, 1, n, k, a, b, c, ldc, ep);  \
        break;
    switch (m) {
        ROWS_UP_TO(GMR)(CASE)
    }
#undef CASE
}
