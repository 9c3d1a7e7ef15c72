/* Softmax of rows of n logits. A row's largest element m is subtracted first, so that exp cannot overflow; a NaN makes
 * the sum, and thus the whole row, NaN. */

FN float row_max(ptrdiff_t n, const float *x)
{
    vf m = v_set1(-INFINITY);
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) m = v_max(m, v_load(x + i));
    if (i < n) m = v_max(m, v_select(vm_first(n - i), v_load_first(x + i, n - i), v_set1(-INFINITY)));
    return v_max_lanes(m);
}

/* e = exp(x - m), unless e is NULL; returns the sum of exp(x - m) */
FN float row_exp(ptrdiff_t n, const float *x, float m, float *e)
{
    const vf shift = v_set1(m);
    vf sum = v_zero();
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) {
        const vf y = v_exp(v_load(x + i) - shift);
        if (e) v_store(e + i, y);
        sum += y;
    }
    if (i < n) {
        const vf y = v_exp(v_load_first(x + i, n - i) - shift);
        if (e) v_store_first(e + i, y, n - i);
        sum += v_select(vm_first(n - i), y, v_zero());
    }
    return v_sum(sum);
}

/* y (rows, n) = exp(x - m) / sum(exp(x - m)); y may be x */
static void softmax_fwd(ptrdiff_t rows, ptrdiff_t n, const float *x, float *y)
{
    for (ptrdiff_t r = 0; r < rows; r++, x += n, y += n) {
        const float sum = row_exp(n, x, row_max(n, x), y);
        affine(n, y, y, 1.0f / sum, 0.0f);
    }
}

/* dx (rows, n) = y * (dy - sum(dy * y)); dx may be dy or y */
static void softmax_bwd(ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *y, float *dx)
{
    for (ptrdiff_t r = 0; r < rows; r++, dy += n, y += n, dx += n) {
        vf dot = v_zero();
        ptrdiff_t i = 0;
        for (; i + VL <= n; i += VL) dot = v_fma(v_load(dy + i), v_load(y + i), dot);
        if (i < n) dot = v_fma(v_load_first(dy + i, n - i), v_load_first(y + i, n - i), dot);
        const vf d = v_set1(v_sum(dot));
        for (i = 0; i + VL <= n; i += VL) v_store(dx + i, v_load(y + i) * (v_load(dy + i) - d));
        if (i < n)
            v_store_first(dx + i, v_load_first(y + i, n - i) * (v_load_first(dy + i, n - i) - d), n - i);
    }
}
