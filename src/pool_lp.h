/* Lp pooling: y = (sum over the window of |x|^p)^(1/p). For p = 2 in one pass; for other p the powers are summed by
 * average pooling without the division. table_pooling.h describes what the functions compute.
 *
 * Backward, with share = dy * y^(1 - p) of each window: dx = sign(x) * |x|^(p - 1) * the sum of the shares of all
 * windows that contain x, which the backward pass of the sum gathers. */

FN void l2_window(const int whole, const ptrdiff_t nh, const ptrdiff_t nw, ptrdiff_t left, const float *x,
                  ptrdiff_t row, ptrdiff_t pixel, float *y)
{
    vf sum = v_zero();
    for (ptrdiff_t i = 0; i < nh; i++)
        for (ptrdiff_t j = 0; j < nw; j++) {
            const vf v = load_part(whole, left, x + i * row + j * pixel);
            sum = v_fma(v, v, sum);
        }
    store_part(whole, left, y, v_sqrt(sum));
}

static void l2_pool_fwd_row(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y)
{
    const ptrdiff_t row = p->iw * p->ic;
    const span rows = inside(r, p->kh, p->sh, p->pt, p->ih);
    const ptrdiff_t nh = rows.end - rows.begin;
    for (ptrdiff_t q = 0; q < p->ow; q++, y += p->ic) {
        const span columns = inside(q, p->kw, p->sw, p->pl, p->iw);
        const ptrdiff_t nw = columns.end - columns.begin;
        const float *first = x + rows.begin * row + columns.begin * p->ic;
        ptrdiff_t c = 0;
        for (; c + VL <= nc; c += VL) l2_window(1, nh, nw, VL, first + c, row, p->ic, y + c);
        if (c < nc) l2_window(0, nh, nw, nc - c, first + c, row, p->ic, y + c);
    }
}

static void lp_power(ptrdiff_t n, const float *x, float p, float *y)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        const float a = fabsf(x[i]);
        y[i] = p == 1.0f ? a : p == 3.0f ? a * a * a : powf(a, p);
    }
}

static void lp_root(ptrdiff_t n, const float *x, float p, float *y)
{
    for (ptrdiff_t i = 0; i < n; i++) y[i] = p == 1.0f ? x[i] : p == 3.0f ? cbrtf(x[i]) : powf(x[i], 1.0f / p);
}

static void lp_share(ptrdiff_t n, const float *dy, const float *y, float p, float *share)
{
    ptrdiff_t i = 0;
    if (p == 2.0f)
        for (; i + VL <= n; i += VL) {
            const vf v = v_load(y + i), quotient = v_load(dy + i) / v;
            v_store(share + i, v_select(v_eq(v, v_zero()), v_zero(), quotient));
        }
    for (; i < n; i++)
        share[i] = y[i] == 0.0f ? 0.0f : p == 2.0f ? dy[i] / y[i] : p == 1.0f ? dy[i] : dy[i] * powf(y[i], 1.0f - p);
}

static void lp_through(ptrdiff_t n, const float *x, float p, float *dx)
{
    ptrdiff_t i = 0;
    if (p == 2.0f)
        for (; i + VL <= n; i += VL) v_store(dx + i, v_load(dx + i) * v_load(x + i));
    for (; i < n; i++) {
        const float a = fabsf(x[i]), sign = x[i] > 0.0f ? 1.0f : x[i] < 0.0f ? -1.0f : x[i];
        dx[i] *= p == 2.0f ? x[i] : p == 1.0f ? sign : p == 3.0f ? sign * a * a : sign * powf(a, p - 1.0f);
    }
}
