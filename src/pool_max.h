/* Max pooling, one row of outputs (or inputs) at a time; vectors run over channels.
 *
 * Tap (i, j) of a window has the index i*kw + j. The first largest element in row-major order is taken; a NaN counts as
 * larger than everything. Its index is stored in `arg`: as bytes, 32-bit integers, or not at all (FC_ARG_*). Padding is
 * never taken: it is left out of the window, not replaced by a small number. With `least` it is min pooling: the first
 * smallest element is taken. */

FN vf load_arg(const int kind, const void *arg, ptrdiff_t at, ptrdiff_t left)
{
    if (kind == FC_ARG_U8) return v_load_u8_first((const uint8_t *)arg + at, left);
    return v_load_i32_first((const int32_t *)arg + at, left);
}

FN void store_arg(const int kind, void *arg, ptrdiff_t at, vf a, ptrdiff_t left)
{
    if (kind == FC_ARG_U8)
        v_store_u8_first((uint8_t *)arg + at, a, left);
    else if (kind == FC_ARG_I32)
        v_store_i32_first((int32_t *)arg + at, a, left);
}

/* Up to VL channels of one output: nh x nw taps, the first of which is at x and has the index `tap`. Results go to
 * offset `at` of y and arg. */
FN void max_window(const int least, const int kind, const int whole, const ptrdiff_t nh, const ptrdiff_t nw, ptrdiff_t left,
                   const float *x, ptrdiff_t row, ptrdiff_t pixel, ptrdiff_t tap, ptrdiff_t kw, float *y, void *arg,
                   ptrdiff_t at)
{
    vf best = load_part(whole, left, x), which = v_set1((float)tap), number = which;
    const vf next = v_set1(1.0f), skip = v_set1((float)(kw - nw));
    for (ptrdiff_t i = 0; i < nh; i++, x += row, number += skip)
        for (ptrdiff_t j = 0; j < nw; j++, number += next) {
            const vf v = load_part(whole, left, x + j * pixel);
            const vm wins = vm_and(least ? v_nle(best, v) : v_nle(v, best), v_eq(best, best));
            best = v_select(wins, v, best);
            if (kind != FC_ARG_NONE) which = v_select(wins, number, which);
        }
    store_part(whole, left, y + at, best);
    store_arg(kind, arg, at, which, left);
}

FN void max_windows(const int least, const int kind, const ptrdiff_t nh, const ptrdiff_t nw, ptrdiff_t nc, const float *x,
                    ptrdiff_t row, ptrdiff_t pixel, ptrdiff_t tap, ptrdiff_t kw, float *y, void *arg, ptrdiff_t at)
{
    ptrdiff_t c = 0;
    for (; c + VL <= nc; c += VL) max_window(least, kind, 1, nh, nw, VL, x + c, row, pixel, tap, kw, y, arg, at + c);
    if (c < nc) max_window(least, kind, 0, nh, nw, nc - c, x + c, row, pixel, tap, kw, y, arg, at + c);
}

FN void max_pool_row(const int least, const int kind, const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y, void *arg)
{
    const ptrdiff_t row = p->iw * p->ic, top = r * p->sh - p->pt;
    const span rows = inside(r, p->kh, p->sh, p->pt, p->ih);
    const ptrdiff_t nh = rows.end - rows.begin;
    for (ptrdiff_t q = 0; q < p->ow; q++) {
        const span columns = inside(q, p->kw, p->sw, p->pl, p->iw);
        const ptrdiff_t nw = columns.end - columns.begin;
        const ptrdiff_t tap = (rows.begin - top) * p->kw + columns.begin - (q * p->sw - p->pl);
        const float *first = x + rows.begin * row + columns.begin * p->ic;
        if (nh == 2 && nw == 2)
            max_windows(least, kind, 2, 2, nc, first, row, p->ic, tap, p->kw, y, arg, q * p->ic);
        else if (nh == 3 && nw == 3)
            max_windows(least, kind, 3, 3, nc, first, row, p->ic, tap, p->kw, y, arg, q * p->ic);
        else
            max_windows(least, kind, nh, nw, nc, first, row, p->ic, tap, p->kw, y, arg, q * p->ic);
    }
}

/* Row r of the outputs of one image, the first nc channels: x (ih, iw, ic) is the image, y and arg (ow, ic) the row. */
FN void max_pool_kinds(const int least, const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y, int kind,
                       void *arg)
{
    if (kind == FC_ARG_U8)
        max_pool_row(least, FC_ARG_U8, p, r, nc, x, y, arg);
    else if (kind == FC_ARG_I32)
        max_pool_row(least, FC_ARG_I32, p, r, nc, x, y, arg);
    else
        max_pool_row(least, FC_ARG_NONE, p, r, nc, x, y, arg);
}

static void max_pool_fwd_row(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y, int kind, void *arg)
{
    max_pool_kinds(0, p, r, nc, x, y, kind, arg);
}

static void min_pool_fwd_row(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y, int kind, void *arg)
{
    max_pool_kinds(1, p, r, nc, x, y, kind, arg);
}
