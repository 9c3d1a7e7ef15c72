/* Max pooling, backward: each dy is added to the element whose tap index is in `arg` (see pool_max.h); every element of
 * dx is written, with 0 where no window took it.
 *
 * `room` is the number of elements that may be read from an offset of arg on: loading a whole vector is faster than a
 * masked load of its first lanes. */

/* Overlapping windows: gathers nv vectors of channels of one element from all windows that contain it, row by row.
 * `tap` is the element's index in a window that starts where the padding does. */
FN void max_gather(const int kind, const int whole, const int nv, const fc_pool *p, ptrdiff_t left, span rows,
                   span columns, ptrdiff_t tap, const float *dy, const void *arg, ptrdiff_t c, float *dx)
{
    vf sum[4];
    for (int v = 0; v < nv; v++) sum[v] = v_zero();
    for (ptrdiff_t i = rows.begin; i < rows.end; i++)
        for (ptrdiff_t j = columns.begin; j < columns.end; j++) {
            const ptrdiff_t at = (i * p->ow + j) * p->ic + c, room = whole ? VL : (p->ow - 1 - j) * p->ic + left;
            const vf number = v_set1((float)(tap - i * p->sh * p->kw - j * p->sw));
#pragma GCC unroll 4
            for (int v = 0; v < nv; v++) {
                const vm mine = v_eq(load_arg(kind, arg, at + v * VL, room), number);
                sum[v] += v_select(mine, load_part(whole, left, dy + at + v * VL), v_zero());
            }
        }
#pragma GCC unroll 4
    for (int v = 0; v < nv; v++) store_part(whole, left, dx + v * VL, sum[v]);
}

FN void max_gather_row(const int kind, const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *dy, const void *arg,
                       float *dx)
{
    const span rows = windows_over(r + p->pt, p->kh, p->sh, p->oh);
    span columns = {0, 0};
    for (ptrdiff_t q = 0; q < p->iw; q++, dx += p->ic) {
        move_to(&columns, q + p->pl, p->kw, p->sw, p->ow);
        const ptrdiff_t tap = (r + p->pt) * p->kw + q + p->pl;
        ptrdiff_t c = 0;
        for (; c + 4 * VL <= nc; c += 4 * VL) max_gather(kind, 1, 4, p, VL, rows, columns, tap, dy, arg, c, dx + c);
        for (; c + VL <= nc; c += VL) max_gather(kind, 1, 1, p, VL, rows, columns, tap, dy, arg, c, dx + c);
        if (c < nc) max_gather(kind, 0, 1, p, nc - c, rows, columns, tap, dy, arg, c, dx + c);
    }
}

/* Windows that do not overlap: one element gets dy where arg is its index, else 0. */
FN void max_take(const int kind, ptrdiff_t nc, const float *dy, const void *arg, ptrdiff_t at, ptrdiff_t room,
                 float number, float *dx)
{
    const vf n = v_set1(number);
    ptrdiff_t c = 0;
    for (; c + VL <= nc; c += VL)
        v_store(dx + c, v_select(v_eq(load_arg(kind, arg, at + c, VL), n), v_load(dy + at + c), v_zero()));
    if (c < nc) {
        const vm mine = v_eq(load_arg(kind, arg, at + c, room - c), n);
        v_store_first(dx + c, v_select(mine, v_load_first(dy + at + c, nc - c), v_zero()), nc - c);
    }
}

/* The four elements of a 2x2 window together, so that dy and arg are read once. */
FN void max_take_2x2_part(const int kind, const int whole, ptrdiff_t left, const float *dy, const void *arg,
                          ptrdiff_t at, ptrdiff_t room, float *dx, ptrdiff_t row, ptrdiff_t pixel)
{
    const vf g = load_part(whole, left, dy + at), a = load_arg(kind, arg, at, room);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            const vm mine = v_eq(a, v_set1((float)(2 * i + j)));
            store_part(whole, left, dx + i * row + j * pixel, v_select(mine, g, v_zero()));
        }
}

FN void max_take_2x2(const int kind, ptrdiff_t nc, const float *dy, const void *arg, ptrdiff_t at, ptrdiff_t room,
                     float *dx, ptrdiff_t row, ptrdiff_t pixel)
{
    ptrdiff_t c = 0;
    for (; c + VL <= nc; c += VL) max_take_2x2_part(kind, 1, VL, dy, arg, at + c, VL, dx + c, row, pixel);
    if (c < nc) max_take_2x2_part(kind, 0, nc - c, dy, arg, at + c, room - c, dx + c, row, pixel);
}

FN void max_spread_row(const int kind, const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *dy, const void *arg,
                       float *dx)
{
    const ptrdiff_t row = p->iw * p->ic, top = r * p->sh - p->pt;
    const span rows = band_of(r, p->sh, p->pt, p->ih, p->oh);
    const int two_rows = p->kh == 2 && p->kw == 2 && top == rows.begin && rows.end - rows.begin == 2;
    ptrdiff_t at = r * p->ow * p->ic;
    for (ptrdiff_t q = 0; q < p->ow; q++, at += p->ic) {
        const ptrdiff_t left = q * p->sw - p->pl, room = (p->ow - 1 - q) * p->ic + nc;
        const span columns = band_of(q, p->sw, p->pl, p->iw, p->ow);
        if (two_rows && left == columns.begin && columns.end - columns.begin == 2) {
            max_take_2x2(kind, nc, dy, arg, at, room, dx + top * row + left * p->ic, row, p->ic);
            continue;
        }
        for (ptrdiff_t i = rows.begin; i < rows.end; i++)
            for (ptrdiff_t j = columns.begin; j < columns.end; j++) {
                const int inside = i - top < p->kh && j - left < p->kw; /* else between two windows */
                const float number = inside ? (float)((i - top) * p->kw + j - left) : -1.0f;
                max_take(kind, nc, dy, arg, at, room, number, dx + i * row + j * p->ic);
            }
    }
}

/* The first nc channels of one image: dy, arg (oh, ow, ic), dx (ih, iw, ic). If windows overlap, r in [0, ih) is the
 * row of dx to write; otherwise r in [0, oh) is the row of outputs whose band of dx to write. */
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
