/* Average pooling backwards: an element gathers dy / count from all windows over it, row by row; count as in
 * pool_avg.h. */

FN void avg_gather(const int whole, const fc_pool *p, int include_pad, ptrdiff_t left, span rows, span columns,
                   const float *dy, float *dx)
{
    vf sum = v_zero();
    for (ptrdiff_t i = rows.begin; i < rows.end; i++) {
        const ptrdiff_t nh = include_pad ? p->kh : count_inside(i, p->kh, p->sh, p->pt, p->ih);
        for (ptrdiff_t j = columns.begin; j < columns.end; j++) {
            const ptrdiff_t nw = include_pad ? p->kw : count_inside(j, p->kw, p->sw, p->pl, p->iw);
            const vf share = v_set1(1.0f / (float)(nh * nw));
            sum = v_fma(load_part(whole, left, dy + (i * p->ow + j) * p->ic), share, sum);
        }
    }
    store_part(whole, left, dx, sum);
}

/* Row r of dx, the first nc channels: dy (oh, ow, ic) is the image's, dx (iw, ic) the row. */
static void avg_pool_bwd_row(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int include_pad, const float *dy, float *dx)
{
    const span rows = windows_over(r + p->pt, p->kh, p->sh, p->oh);
    span columns = {0, 0};
    for (ptrdiff_t q = 0; q < p->iw; q++, dx += p->ic) {
        move_to(&columns, q + p->pl, p->kw, p->sw, p->ow);
        ptrdiff_t c = 0;
        for (; c + VL <= nc; c += VL) avg_gather(1, p, include_pad, VL, rows, columns, dy + c, dx + c);
        if (c < nc) avg_gather(0, p, include_pad, nc - c, rows, columns, dy + c, dx + c);
    }
}
