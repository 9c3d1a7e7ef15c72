/* Parametric ReLU: x (rows, n) where it is positive, else x times its column's a. NaN is propagated. */

FN void prelu_fwd_part(const int whole, ptrdiff_t left, const float *x, const float *a, float *y)
{
    const vf v = load_part(whole, left, x);
    store_part(whole, left, y, v_select(v_nle(v, v_zero()), v, load_part(whole, left, a) * v));
}

static void prelu_fwd(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *a, float *y)
{
    for (ptrdiff_t r = 0; r < rows; r++, x += n, y += n) {
        ptrdiff_t i = 0;
        for (; i + VL <= n; i += VL) prelu_fwd_part(1, VL, x + i, a + i, y + i);
        if (i < n) prelu_fwd_part(0, n - i, x + i, a + i, y + i);
    }
}

FN void prelu_bwd_part(const int whole, ptrdiff_t left, const float *dy, const float *x, const float *a, float *dx,
                       float *da)
{
    const vf g = load_part(whole, left, dy), v = load_part(whole, left, x);
    const vm above = v_nle(v, v_zero());
    store_part(whole, left, da, load_part(whole, left, da) + v_select(above, v_zero(), g * v));
    if (dx) store_part(whole, left, dx, v_select(above, g, load_part(whole, left, a) * g));
}

static void prelu_bwd(ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, const float *a, float *dx,
                      float *da)
{
    for (ptrdiff_t r = 0; r < rows; r++, dy += n, x += n) {
        float *out = dx ? dx + r * n : NULL;
        ptrdiff_t i = 0;
        for (; i + VL <= n; i += VL) prelu_bwd_part(1, VL, dy + i, x + i, a + i, out ? out + i : NULL, da + i);
        if (i < n) prelu_bwd_part(0, n - i, dy + i, x + i, a + i, out ? out + i : NULL, da + i);
    }
}
