/* Average pooling: y = sum over the window / count, where enum fc_divisor selects the count. */

FN float pool_count(const fc_pool *p, int divisor, ptrdiff_t inside)
{
    return (float)(divisor == FC_COUNT_INSIDE ? inside : divisor == FC_COUNT_ALL ? p->kh * p->kw : 1);
}

/* Up to VL channels of one output, summed row by row. */
FN void avg_window(const int whole, const ptrdiff_t nh, const ptrdiff_t nw, ptrdiff_t left, const float *x,
                   ptrdiff_t row, ptrdiff_t pixel, float count, float *y)
{
    vf sum = load_part(whole, left, x);
    for (ptrdiff_t j = 1; j < nw; j++) sum += load_part(whole, left, x + j * pixel);
    for (ptrdiff_t i = 1; i < nh; i++)
        for (ptrdiff_t j = 0; j < nw; j++) sum += load_part(whole, left, x + i * row + j * pixel);
    store_part(whole, left, y, sum / v_set1(count));
}

FN void avg_windows(const ptrdiff_t nh, const ptrdiff_t nw, ptrdiff_t nc, const float *x, ptrdiff_t row,
                    ptrdiff_t pixel, float count, float *y)
{
    ptrdiff_t c = 0;
    for (; c + VL <= nc; c += VL) avg_window(1, nh, nw, VL, x + c, row, pixel, count, y + c);
    if (c < nc) avg_window(0, nh, nw, nc - c, x + c, row, pixel, count, y + c);
}

/* Row r of the outputs of one image, the first nc channels: x (ih, iw, ic) is the image, y (ow, ic) the row. */
static void avg_pool_fwd_row(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int divisor, const float *x, float *y)
{
    const ptrdiff_t row = p->iw * p->ic;
    const span rows = inside(r, p->kh, p->sh, p->pt, p->ih);
    const ptrdiff_t nh = rows.end - rows.begin;
    for (ptrdiff_t q = 0; q < p->ow; q++, y += p->ic) {
        const span columns = inside(q, p->kw, p->sw, p->pl, p->iw);
        const ptrdiff_t nw = columns.end - columns.begin;
        const float count = pool_count(p, divisor, nh * nw);
        const float *first = x + rows.begin * row + columns.begin * p->ic;
        if (nh == 2 && nw == 2)
            avg_windows(2, 2, nc, first, row, p->ic, count, y);
        else
            avg_windows(nh, nw, nc, first, row, p->ic, count, y);
    }
}
