/* Operations on two arrays of n floats; see table_merge.h. Written in parts, as in elementwise.h. */

/* Whether the second operand is taken as the larger or smaller: also if it is NaN, so that NaN is propagated. */
FN vm second_larger(vf x, vf y) { return vm_or(v_gt(y, x), v_isnan(y)); }
FN vm second_smaller(vf x, vf y) { return vm_or(v_gt(x, y), v_isnan(y)); }

FN vf multiply_v(vf x, vf y) { return x * y; }
FN vf subtract_v(vf x, vf y) { return x - y; }
FN vf maximum_v(vf x, vf y) { return v_select(second_larger(x, y), y, x); }
FN vf minimum_v(vf x, vf y) { return v_select(second_smaller(x, y), y, x); }

#define MERGE(name)                                                                             \
    static void name(ptrdiff_t n, const float *x, const float *y, float *out)                   \
    {                                                                                           \
        ptrdiff_t i = 0;                                                                        \
        for (; i + VL <= n; i += VL) v_store(out + i, name##_v(v_load(x + i), v_load(y + i)));  \
        if (i < n)                                                                              \
            v_store_first(out + i, name##_v(v_load_first(x + i, n - i), v_load_first(y + i, n - i)), n - i); \
    }
MERGE(multiply)
MERGE(subtract)
MERGE(maximum)
MERGE(minimum)
#undef MERGE

FN void extreme_bwd_part(const int whole, const int largest, ptrdiff_t left, const float *dy, const float *x,
                         const float *y, int second, float *dx)
{
    const vf a = load_part(whole, left, x), b = load_part(whole, left, y), g = load_part(whole, left, dy);
    const vm m = largest ? second_larger(a, b) : second_smaller(a, b);
    store_part(whole, left, dx, second ? v_select(m, g, v_zero()) : v_select(m, v_zero(), g));
}

static void maximum_bwd(ptrdiff_t n, const float *dy, const float *x, const float *y, int second, float *dx)
{
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) extreme_bwd_part(1, 1, VL, dy + i, x + i, y + i, second, dx + i);
    if (i < n) extreme_bwd_part(0, 1, n - i, dy + i, x + i, y + i, second, dx + i);
}

static void minimum_bwd(ptrdiff_t n, const float *dy, const float *x, const float *y, int second, float *dx)
{
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) extreme_bwd_part(1, 0, VL, dy + i, x + i, y + i, second, dx + i);
    if (i < n) extreme_bwd_part(0, 0, n - i, dy + i, x + i, y + i, second, dx + i);
}

static void scale(ptrdiff_t n, const float *x, float factor, float *out)
{
    const vf f = v_set1(factor);
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) v_store(out + i, v_load(x + i) * f);
    if (i < n) v_store_first(out + i, v_load_first(x + i, n - i) * f, n - i);
}

static float dot(ptrdiff_t n, const float *x, const float *y)
{
    vf even = v_zero(), odd = v_zero();
    ptrdiff_t i = 0;
    for (; i + 2 * VL <= n; i += 2 * VL) {
        even = v_fma(v_load(x + i), v_load(y + i), even);
        odd = v_fma(v_load(x + i + VL), v_load(y + i + VL), odd);
    }
    for (; i < n; i += VL) even = v_fma(v_load_first(x + i, n - i), v_load_first(y + i, n - i), even);
    return v_sum(even + odd);
}

/* One vector of columns, with two accumulators as in sum_rows_part */
FN void dot_rows_part(const int whole, ptrdiff_t left, ptrdiff_t rows, const float *x, const float *y, ptrdiff_t ld,
                      float *sum)
{
    vf even = v_zero(), odd = v_zero();
    for (; rows > 1; rows -= 2, x += 2 * ld, y += 2 * ld) {
        even = v_fma(load_part(whole, left, x), load_part(whole, left, y), even);
        odd = v_fma(load_part(whole, left, x + ld), load_part(whole, left, y + ld), odd);
    }
    if (rows) even = v_fma(load_part(whole, left, x), load_part(whole, left, y), even);
    store_part(whole, left, sum, even + odd);
}

static void dot_rows(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *y, ptrdiff_t ld, float *sum)
{
    ptrdiff_t c = 0;
    for (; c + VL <= n; c += VL) dot_rows_part(1, VL, rows, x + c, y + c, ld, sum + c);
    if (c < n) dot_rows_part(0, n - c, rows, x + c, y + c, ld, sum + c);
}

FN void mix_part(const int count, const int whole, ptrdiff_t left, const float **x, ptrdiff_t at, const float *w,
                 float *out)
{
    vf sum = load_part(whole, left, x[0] + at) * v_set1(w[0]);
    for (int k = 1; k < count; k++) sum = v_fma(load_part(whole, left, x[k] + at), v_set1(w[k]), sum);
    store_part(whole, left, out + at, sum);
}

FN void mix_of(const int count, ptrdiff_t n, const float **x, const float *w, float *out)
{
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) mix_part(count, 1, VL, x, i, w, out);
    if (i < n) mix_part(count, 0, n - i, x, i, w, out);
}

static void mix(ptrdiff_t n, int count, const float **x, const float *w, float *out)
{
    if (count == 4) mix_of(4, n, x, w, out);
    else if (count == 2) mix_of(2, n, x, w, out);
    else mix_of(count, n, x, w, out);
}

static void spread(ptrdiff_t n, int count, const float *x, const float *w, float **y)
{
    for (int k = 0; k < count; k++) {
        const vf s = v_set1(w[k]);
        ptrdiff_t i = 0;
        for (; i + VL <= n; i += VL) v_store(y[k] + i, v_fma(v_load(x + i), s, v_load(y[k] + i)));
        if (i < n)
            v_store_first(y[k] + i, v_fma(v_load_first(x + i, n - i), s, v_load_first(y[k] + i, n - i)), n - i);
    }
}
