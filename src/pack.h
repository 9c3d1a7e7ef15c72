/* Packing of matrix operands into the panels that row_tile reads in order. */

/* out[j*ld + i] = in[i*rs + j] for i, j < 4 */
FN void transpose_4x4(const float *in, ptrdiff_t rs, float *out, ptrdiff_t ld)
{
#if defined(__SSE__)
    __m128 r0 = _mm_loadu_ps(in), r1 = _mm_loadu_ps(in + rs);
    __m128 r2 = _mm_loadu_ps(in + 2 * rs), r3 = _mm_loadu_ps(in + 3 * rs);
    _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
    _mm_storeu_ps(out, r0);
    _mm_storeu_ps(out + ld, r1);
    _mm_storeu_ps(out + 2 * ld, r2);
    _mm_storeu_ps(out + 3 * ld, r3);
#else
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) out[j * ld + i] = in[i * rs + j];
#endif
}

/* One panel from b with contiguous columns: a transposition, in 4x4 blocks. */
static void pack_panel_transposed(ptrdiff_t k, ptrdiff_t n, ptrdiff_t width, const float *b, ptrdiff_t cs, float *out)
{
    ptrdiff_t x = 0;
    for (; x + 4 <= k; x += 4) {
        ptrdiff_t j = 0;
        for (; j + 4 <= n; j += 4) transpose_4x4(b + j * cs + x, cs, out + x * width + j, width);
        for (; j < width; j++)
            for (int i = 0; i < 4; i++) out[(x + i) * width + j] = j < n ? b[j * cs + x + i] : 0.0f;
    }
    for (; x < k; x++)
        for (ptrdiff_t j = 0; j < width; j++) out[x * width + j] = j < n ? b[j * cs + x] : 0.0f;
}

static void pack_panel(ptrdiff_t k, ptrdiff_t n, ptrdiff_t width, const float *b, ptrdiff_t rs, ptrdiff_t cs,
                       float *out)
{
    if (cs == 1) {
        for (ptrdiff_t x = 0; x < k; x++, b += rs, out += width)
            for (ptrdiff_t j = 0; j < width; j += VL)
                v_store(out + j, n - j >= VL ? v_load(b + j) : n > j ? v_load_first(b + j, n - j) : v_zero());
    } else if (rs == 1) {
        pack_panel_transposed(k, n, width, b, cs, out);
    } else {
        for (ptrdiff_t x = 0; x < k; x++, out += width)
            for (ptrdiff_t j = 0; j < width; j++) out[j] = j < n ? b[x * rs + j * cs] : 0.0f;
    }
}
