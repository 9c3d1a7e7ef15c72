/* Elementwise operations, one pass over memory: n floats in, n floats out. The output may be one of the inputs, but not
 * the bias.
 *
 * Each operation is written once, for `left` floats: for whole vectors `left` is the constant VL, which compiles to
 * plain loads and stores; the last, partial vector uses masks. */

FN vf load_part(const int whole, ptrdiff_t left, const float *p) { return whole ? v_load(p) : v_load_first(p, left); }
FN void store_part(const int whole, ptrdiff_t left, float *p, vf a)
{
    if (whole)
        v_store(p, a);
    else
        v_store_first(p, a, left);
}

/* y = max(x, 0); NaN is propagated (v_max returns its second operand if either is NaN) */
FN void relu_fwd_part(const int whole, ptrdiff_t left, const float *x, float *y)
{
    store_part(whole, left, y, v_max(v_zero(), load_part(whole, left, x)));
}

static void relu_fwd(ptrdiff_t n, const float *x, float *y)
{
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) relu_fwd_part(1, VL, x + i, y + i);
    if (i < n) relu_fwd_part(0, n - i, x + i, y + i);
}

/* dx = 0 where y <= 0, else dy: also where y is NaN */
FN void relu_bwd_part(const int whole, ptrdiff_t left, const float *dy, const float *y, float *dx)
{
    const vm passes = v_nle(load_part(whole, left, y), v_zero());
    store_part(whole, left, dx, v_select(passes, load_part(whole, left, dy), v_zero()));
}

static void relu_bwd(ptrdiff_t n, const float *dy, const float *y, float *dx)
{
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) relu_bwd_part(1, VL, dy + i, y + i, dx + i);
    if (i < n) relu_bwd_part(0, n - i, dy + i, y + i, dx + i);
}

FN void add_part(const int whole, ptrdiff_t left, const float *x, const float *y, float *out)
{
    store_part(whole, left, out, load_part(whole, left, x) + load_part(whole, left, y));
}

/* out = x + y */
static void add(ptrdiff_t n, const float *x, const float *y, float *out)
{
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) add_part(1, VL, x + i, y + i, out + i);
    if (i < n) add_part(0, n - i, x + i, y + i, out + i);
}

/* y (rows, n) = x (rows, n) + b (n) */
static void bias_add(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *b, float *y)
{
    for (ptrdiff_t r = 0; r < rows; r++, x += n, y += n) add(n, x, b, y);
}

/* y = x * scale + offset */
FN void affine_part(const int whole, ptrdiff_t left, const float *x, float *y, vf scale, vf offset)
{
    store_part(whole, left, y, v_fma(load_part(whole, left, x), scale, offset));
}

static void affine(ptrdiff_t n, const float *x, float *y, float scale, float offset)
{
    const vf s = v_set1(scale), o = v_set1(offset);
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) affine_part(1, VL, x + i, y + i, s, o);
    if (i < n) affine_part(0, n - i, x + i, y + i, s, o);
}

/* y = x * scale + offset, from uint8 */
static void affine_u8(ptrdiff_t n, const uint8_t *x, float *y, float scale, float offset)
{
    const vf s = v_set1(scale), o = v_set1(offset);
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) v_store(y + i, v_fma(v_load_u8(x + i), s, o));
    if (i < n) v_store_first(y + i, v_fma(v_load_u8_first(x + i, n - i), s, o), n - i);
}

/* sum (n) = the sum over the rows of x (rows, n), row r at x + r*ldx; 1 <= n <= 4*VL. Each vector of columns has two
 * accumulators, for even and odd rows, so that fewer additions depend on each other. */
FN void sum_rows_part(const int nv, ptrdiff_t rows, ptrdiff_t n, const float *x, ptrdiff_t ldx, float *sum)
{
    vf even[4], odd[4];
    const int whole = nv - 1;
    const ptrdiff_t left = n - whole * VL;
    for (int j = 0; j < nv; j++) even[j] = odd[j] = v_zero();
    for (; rows > 1; rows -= 2, x += 2 * ldx)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) {
            even[j] += load_part(j < whole, left, x + j * VL);
            odd[j] += load_part(j < whole, left, x + ldx + j * VL);
        }
#pragma GCC unroll 4
    for (int j = 0; j < nv; j++) {
        if (rows > 0) even[j] += load_part(j < whole, left, x + j * VL);
        store_part(j < whole, left, sum + j * VL, even[j] + odd[j]);
    }
}

static void sum_rows(ptrdiff_t rows, ptrdiff_t n, const float *x, ptrdiff_t ldx, float *sum)
{
    for (; n > 3 * VL; n -= 4 * VL, x += 4 * VL, sum += 4 * VL)
        sum_rows_part(4, rows, n < 4 * VL ? n : 4 * VL, x, ldx, sum);
    if (n > 2 * VL)
        sum_rows_part(3, rows, n, x, ldx, sum);
    else if (n > VL)
        sum_rows_part(2, rows, n, x, ldx, sum);
    else if (n > 0)
        sum_rows_part(1, rows, n, x, ldx, sum);
}
