/* Average pooling, backward: dx = the sum of dy / count over the windows that contain an element; count as in
 * pool_avg.h. */

/* 1 / count of the window in row i, column j of the outputs */
FN float avg_share(const fc_pool *p, int divisor, ptrdiff_t i, ptrdiff_t j)
{
    const ptrdiff_t nh = count_inside(i, p->kh, p->sh, p->pt, p->ih), nw = count_inside(j, p->kw, p->sw, p->pl, p->iw);
    return 1.0f / pool_count(p, divisor, nh * nw);
}

/* Overlapping windows: gathers nv vectors of channels of one element from all windows that contain it, row by row.
 * `share` is 1 / count of all these windows, or 0 if their counts differ. */
FN void avg_gather(const int whole, const int nv, const fc_pool *p, int divisor, ptrdiff_t left, span rows,
                   span columns, float share, const float *dy, float *dx)
{
    vf sum[4];
    for (int v = 0; v < nv; v++) sum[v] = v_zero();
    for (ptrdiff_t i = rows.begin; i < rows.end; i++)
        for (ptrdiff_t j = columns.begin; j < columns.end; j++) {
            const float *window = dy + (i * p->ow + j) * p->ic;
            const vf s = v_set1(share != 0.0f ? 1.0f : avg_share(p, divisor, i, j));
#pragma GCC unroll 4
            for (int v = 0; v < nv; v++) sum[v] = v_fma(load_part(whole, left, window + v * VL), s, sum[v]);
        }
    const vf s = v_set1(share != 0.0f ? share : 1.0f);
#pragma GCC unroll 4
    for (int v = 0; v < nv; v++) store_part(whole, left, dx + v * VL, sum[v] * s);
}

/* Whether all windows in `over` lie inside the axis */
FN int all_inside(span over, ptrdiff_t k, ptrdiff_t s, ptrdiff_t padding, ptrdiff_t size)
{
    return over.begin * s >= padding && (over.end - 1) * s - padding + k <= size;
}

FN void avg_gather_row(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int divisor, const float *dy, float *dx)
{
    const span rows = windows_over(r + p->pt, p->kh, p->sh, p->oh);
    const int rows_inside = all_inside(rows, p->kh, p->sh, p->pt, p->ih);
    const float full = 1.0f / pool_count(p, divisor, p->kh * p->kw);
    span columns = {0, 0};
    for (ptrdiff_t q = 0; q < p->iw; q++, dx += p->ic) {
        move_to(&columns, q + p->pl, p->kw, p->sw, p->ow);
        const int alike = divisor != FC_COUNT_INSIDE || (rows_inside && all_inside(columns, p->kw, p->sw, p->pl, p->iw));
        const float share = alike ? full : 0.0f;
        ptrdiff_t c = 0;
        for (; c + 4 * VL <= nc; c += 4 * VL)
            avg_gather(1, 4, p, divisor, VL, rows, columns, share, dy + c, dx + c);
        for (; c + VL <= nc; c += VL) avg_gather(1, 1, p, divisor, VL, rows, columns, share, dy + c, dx + c);
        if (c < nc) avg_gather(0, 1, p, divisor, nc - c, rows, columns, share, dy + c, dx + c);
    }
}

/* Windows that do not overlap: nh x nw elements from dx on get dy * share. */
FN void avg_take(const ptrdiff_t nh, const ptrdiff_t nw, ptrdiff_t nc, const float *dy, float share, float *dx,
                 ptrdiff_t row, ptrdiff_t pixel)
{
    const vf s = v_set1(share);
    ptrdiff_t c = 0;
    for (; c + VL <= nc; c += VL) {
        const vf g = v_load(dy + c) * s;
        for (ptrdiff_t i = 0; i < nh; i++)
            for (ptrdiff_t j = 0; j < nw; j++) v_store(dx + i * row + j * pixel + c, g);
    }
    if (c < nc) {
        const vf g = v_load_first(dy + c, nc - c) * s;
        for (ptrdiff_t i = 0; i < nh; i++)
            for (ptrdiff_t j = 0; j < nw; j++) v_store_first(dx + i * row + j * pixel + c, g, nc - c);
    }
}

FN void avg_spread_row(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int divisor, const float *dy, float *dx)
{
    const ptrdiff_t row = p->iw * p->ic;
    const span rows = band_of(r, p->sh, p->pt, p->ih, p->oh), under = inside(r, p->kh, p->sh, p->pt, p->ih);
    const float full = 1.0f / pool_count(p, divisor, p->kh * p->kw);
    dy += r * p->ow * p->ic;
    for (ptrdiff_t q = 0; q < p->ow; q++, dy += p->ic) {
        const span columns = band_of(q, p->sw, p->pl, p->iw, p->ow), beside = inside(q, p->kw, p->sw, p->pl, p->iw);
        const ptrdiff_t nh = rows.end - rows.begin, nw = columns.end - columns.begin;
        const ptrdiff_t count = (under.end - under.begin) * (beside.end - beside.begin);
        const float share = divisor != FC_COUNT_INSIDE || count == p->kh * p->kw ? full : 1.0f / (float)count;
        if (count == 4 && nh == 2 && nw == 2) {
            avg_take(2, 2, nc, dy, share, dx + rows.begin * row + columns.begin * p->ic, row, p->ic);
            continue;
        }
        for (ptrdiff_t i = rows.begin; i < rows.end; i++)
            for (ptrdiff_t j = columns.begin; j < columns.end; j++) {
                float *element = dx + i * row + j * p->ic;
                if (i < under.end && j < beside.end)
                    avg_take(1, 1, nc, dy, share, element, row, p->ic);
                else /* between two windows */
                    memset(element, 0, nc * sizeof(float));
            }
    }
}

/* The first nc channels of one image: dy (oh, ow, ic), dx (ih, iw, ic); r as for max_pool_bwd_row. */
static void avg_pool_bwd_row(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int divisor, const float *dy, float *dx)
{
    if (p->kh > p->sh || p->kw > p->sw)
        avg_gather_row(p, r, nc, divisor, dy, dx + r * p->iw * p->ic);
    else
        avg_spread_row(p, r, nc, divisor, dy, dx);
}
