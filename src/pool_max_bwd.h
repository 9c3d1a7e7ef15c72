/* Max pooling backwards: each dy goes to the element whose tap number stands in `arg` (see pool_max.h); every element
 * of dx is written, with 0 where nothing arrives. */

/* Windows that overlap: up to VL channels of an element at `position` gather from all windows over it, row by row. */
FN void max_gather(const int kind, const int whole, const fc_pool *p, ptrdiff_t left, span rows, span columns,
                   ptrdiff_t tap, const float *dy, const void *arg, ptrdiff_t c, float *dx)
{
    vf sum = v_zero();
    for (ptrdiff_t i = rows.begin; i < rows.end; i++)
        for (ptrdiff_t j = columns.begin; j < columns.end; j++) {
            const ptrdiff_t at = (i * p->ow + j) * p->ic + c;
            const vf number = v_set1((float)(tap - i * p->sh * p->kw - j * p->sw));
            const vm mine = v_eq(load_arg(kind, arg, at, whole ? VL : left), number);
            sum += v_select(mine, load_part(whole, left, dy + at), v_zero());
        }
    store_part(whole, left, dx, sum);
}

FN void max_gather_row(const int kind, const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *dy, const void *arg,
                       float *dx)
{
    const span rows = windows_over(r + p->pt, p->kh, p->sh, p->oh);
    span columns = {0, 0};
    for (ptrdiff_t q = 0; q < p->iw; q++, dx += p->ic) {
        move_to(&columns, q + p->pl, p->kw, p->sw, p->ow);
        const ptrdiff_t tap = (r + p->pt) * p->kw + q + p->pl; /* of a window at (0, 0) */
        ptrdiff_t c = 0;
        for (; c + VL <= nc; c += VL) max_gather(kind, 1, p, VL, rows, columns, tap, dy, arg, c, dx + c);
        if (c < nc) max_gather(kind, 0, p, nc - c, rows, columns, tap, dy, arg, c, dx + c);
    }
}

/* Windows that do not: up to VL channels of one output go to the nh x nw elements from dx on, of which the first has the
 * number `tap` in column j0 of the window. Elements outside the window find no equal number and get 0. */
FN void max_spread(const int kind, const int whole, const ptrdiff_t nh, const ptrdiff_t nw, const ptrdiff_t kw,
                   ptrdiff_t left, const float *dy, const void *arg, ptrdiff_t at, float *dx, ptrdiff_t row,
                   ptrdiff_t pixel, ptrdiff_t tap, ptrdiff_t j0)
{
    const vf g = load_part(whole, left, dy + at), a = load_arg(kind, arg, at, whole ? VL : left);
    for (ptrdiff_t i = 0; i < nh; i++, dx += row, tap += kw)
        for (ptrdiff_t j = 0; j < nw; j++) {
            const vm mine = v_eq(a, v_set1(j0 + j < kw ? (float)(tap + j) : -1.0f));
            store_part(whole, left, dx + j * pixel, v_select(mine, g, v_zero()));
        }
}

FN void max_spread_all(const int kind, const ptrdiff_t nh, const ptrdiff_t nw, const ptrdiff_t kw, ptrdiff_t nc,
                       const float *dy, const void *arg, ptrdiff_t at, float *dx, ptrdiff_t row, ptrdiff_t pixel,
                       ptrdiff_t tap, ptrdiff_t j0)
{
    ptrdiff_t c = 0;
    for (; c + VL <= nc; c += VL)
        max_spread(kind, 1, nh, nw, kw, VL, dy, arg, at + c, dx + c, row, pixel, tap, j0);
    if (c < nc) max_spread(kind, 0, nh, nw, kw, nc - c, dy, arg, at + c, dx + c, row, pixel, tap, j0);
}

FN void max_spread_row(const int kind, const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *dy, const void *arg,
                       float *dx)
{
    const ptrdiff_t row = p->iw * p->ic, top = r * p->sh - p->pt;
    const span rows = band_of(r, p->sh, p->pt, p->ih, p->oh);
    const ptrdiff_t nh = rows.end - rows.begin;
    for (ptrdiff_t q = 0; q < p->ow; q++) {
        const span columns = band_of(q, p->sw, p->pl, p->iw, p->ow);
        const ptrdiff_t nw = columns.end - columns.begin, j0 = columns.begin - (q * p->sw - p->pl);
        const ptrdiff_t at = (r * p->ow + q) * p->ic, tap = (rows.begin - top) * p->kw + j0;
        float *first = dx + rows.begin * row + columns.begin * p->ic;
        if (nh == 2 && nw == 2 && p->kw == 2 && j0 == 0)
            max_spread_all(kind, 2, 2, 2, nc, dy, arg, at, first, row, p->ic, tap, 0);
        else
            max_spread_all(kind, nh, nw, p->kw, nc, dy, arg, at, first, row, p->ic, tap, j0);
    }
}

/* The first nc channels of one image: dy, arg (oh, ow, ic), dx (ih, iw, ic). When windows overlap r is the row of dx to
 * write, in [0, ih); otherwise the row of outputs whose band of dx to write, in [0, oh). */
static void max_pool_bwd_row(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *dy, int kind, const void *arg,
                             float *dx)
{
    const int overlap = p->kh > p->sh || p->kw > p->sw;
    if (overlap && kind == FC_ARG_U8)
        max_gather_row(FC_ARG_U8, p, r, nc, dy, arg, dx + r * p->iw * p->ic);
    else if (overlap)
        max_gather_row(FC_ARG_I32, p, r, nc, dy, arg, dx + r * p->iw * p->ic);
    else if (kind == FC_ARG_U8)
        max_spread_row(FC_ARG_U8, p, r, nc, dy, arg, dx);
    else
        max_spread_row(FC_ARG_I32, p, r, nc, dy, arg, dx);
}
